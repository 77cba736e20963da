r"""Conversations as ChatML, with the loss on exactly what was asked.

    <|im_start|>role\ncontent<|im_end|>\n          for each message; no EOS after the last

Trained are the content and the end token of the chosen messages, never a header or the newline after the end token.

A message is encoded once, `role\ncontent` in one piece, so that the ids are those of `apply_chat_template` with
CHATML_TEMPLATE. A token may then span the border between header and content (only where the content begins with white
space that the vocabulary merges with the header's newline). Where such a message is trained, header and content are
encoded apart instead: the mask stays exact, and it is what the model meets when it answers, because there the prompt
ends after the header's newline.

Shapes: M = messages of all conversations, C = conversations, T = tokens end to end.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from tokenizer.encode import Bounds, Encoder, Tokens

IM_START = "<|im_start|>"
IM_END = "<|im_end|>"
ROLES = frozenset({"system", "user", "assistant", "tool"})
TrainOn = Literal["assistant", "all", "last"]
Mask = npt.NDArray[np.bool_]

CHATML_TEMPLATE = (
    "{%- for message in messages -%}\n"
    "{{- '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' -}}\n"
    "{%- endfor -%}\n"
    "{%- if add_generation_prompt -%}\n"
    "{{- '<|im_start|>assistant\\n' -}}\n"
    "{%- endif -%}\n"
)


def template_fingerprint() -> str:
    """SHA-256 of the chat template."""
    return hashlib.sha256(CHATML_TEMPLATE.encode()).hexdigest()


class Messages(NamedTuple):
    """Messages end to end; conversation c is messages bounds_C1[c] to bounds_C1[c + 1].

    override: per message True or False where the data says whether it is trained, else None.
    """

    roles: Sequence[str]
    contents: Sequence[str]
    override: Sequence[bool | None]
    bounds_C1: Bounds


class Rendered(NamedTuple):
    """Conversation c is tokens bounds_C1[c] to bounds_C1[c + 1]; trained_T is true where the loss counts."""

    ids_T: Tokens
    trained_T: Mask
    bounds_C1: Bounds


def trained_messages(messages: Messages, train_on: TrainOn) -> Mask:
    """Which messages are trained, shape (M,). `last` is the last assistant message of each conversation."""
    is_assistant_M = np.array([role == "assistant" for role in messages.roles], bool)
    if train_on == "all":
        chosen_M = np.ones(len(messages.roles), bool)
    elif train_on == "assistant":
        chosen_M = is_assistant_M.copy()
    else:
        chosen_M = _last_of_each(is_assistant_M, messages.bounds_C1)
    for m, override in enumerate(messages.override):
        if override is not None:
            chosen_M[m] = override
    return chosen_M


def _last_of_each(is_assistant_M: Mask, bounds_C1: Bounds) -> Mask:
    found = np.flatnonzero(is_assistant_M)
    conversation = np.searchsorted(bounds_C1, found, side="right")
    last = found[np.append(conversation[1:] != conversation[:-1], True)[: found.size]]
    chosen_M = np.zeros(is_assistant_M.size, bool)
    chosen_M[last] = True
    return chosen_M


class ChatEncoder:
    """Renders conversations with the ids of one tokenizer.

    Raises ValueError where the tokenizer lacks the ChatML tokens, or encodes the pieces of a conversation otherwise
    than the whole (some put a blank before the first word of a text): its ids would not be those seen in use.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._start = _control(encoder, IM_START)
        self._end = _control(encoder, IM_END)
        self._newline = encoder.encode(["\n"]).ids_T
        self._check_pieces()

    def _check_pieces(self) -> None:
        probe = Messages(("user", "assistant"), ("Hello there", "Well, hello"), (None, None), np.array([0, 2]))
        whole = "".join(f"{IM_START}{r}\n{c}{IM_END}\n" for r, c in zip(probe.roles, probe.contents, strict=True))
        if self._encoder.encode_rendered(whole) != self.render(probe, np.ones(2, bool)).ids_T.tolist():
            raise ValueError(
                "the tokenizer encodes the pieces of a conversation otherwise than the whole, as those do that put a "
                "blank before the first word of a text; ChatML needs one that does not, as byte-level ones"
            )

    def render(self, messages: Messages, trained_M: Mask) -> Rendered:
        """Ids and loss mask of every conversation. Contents are text, whatever special tokens they spell."""
        if not messages.roles:
            return Rendered(np.empty(0, np.int32), np.empty(0, bool), np.zeros_like(messages.bounds_C1))
        segments = [f"{role}\n{content}" for role, content in zip(messages.roles, messages.contents, strict=True)]
        header_chars = [len(role) + 1 for role in messages.roles]
        ids_T, bounds_M1, header_M, spans_M = self._encoder.encode_headed(segments, header_chars)
        length_M = np.diff(bounds_M1)
        parts: list[Tokens] = []
        for m, (begin, end) in enumerate(itertools.pairwise(bounds_M1.tolist())):
            ids = ids_T[begin:end]
            if trained_M[m] and spans_M[m]:
                ids, header_M[m] = self._apart(segments[m], header_chars[m])
                length_M[m] = ids.size
            parts += [self._start, ids, self._end, self._newline]
        run_M3 = np.stack([1 + header_M, length_M - header_M + 1, np.full_like(length_M, self._newline.size)], axis=1)
        flag_M3 = np.stack([np.zeros_like(trained_M), trained_M, np.zeros_like(trained_M)], axis=1)
        ends_M1 = np.concatenate([np.zeros(1, np.int64), np.cumsum(run_M3.sum(axis=1))])
        return Rendered(np.concatenate(parts), np.repeat(flag_M3.ravel(), run_M3.ravel()), ends_M1[messages.bounds_C1])

    def _apart(self, segment: str, header: int) -> tuple[Tokens, int]:
        """Ids of header and content, each encoded alone, and how many are the header's; `header` in characters."""
        ids_T, bounds = self._encoder.encode([segment[:header], segment[header:]])
        return ids_T, int(bounds[1])


def _control(encoder: Encoder, token: str) -> Tokens:
    found = encoder.token_id(token)
    if found is None:
        raise ValueError(
            f"the tokenizer has no {token}, which ChatML needs; train one with train_tokenizer before format, "
            "or name a base model's tokenizer that has it"
        )
    return np.array([found], np.int32)
