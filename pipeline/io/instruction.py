"""Instruction records as conversations: alpaca fields, OpenAI messages."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, TypedDict

from pipeline.config import Layout
from pipeline.io.reasons import BadRecordError, NotADocumentError, QuarantineReason, SkipReason

ROLES = frozenset({"system", "developer", "user", "assistant", "tool"})
_PLAIN_KEYS = frozenset({"role", "content", "train", "weight"})
_CALL_KEYS = ("tool_calls", "function_call")


class Message(TypedDict):
    """One turn. train: whether the loss covers it, None where the record does not say."""

    role: str
    content: str
    train: bool | None


def detect_layout(names: Collection[str], text: str) -> Layout:
    """The layout that a record with these field names has; `none` where it has the text field or fits no layout."""
    if text in names:
        return "none"
    if "messages" in names:
        return "messages"
    return "alpaca" if "instruction" in names and "output" in names else "none"


def layout_fields(layout: Layout) -> tuple[str, ...]:
    """Fields that a record of this layout must have."""
    return {"alpaca": ("instruction", "output"), "messages": ("messages",)}.get(layout, ())


def conversation(layout: Literal["alpaca", "messages"], fields: dict[str, object]) -> list[Message]:
    """The turns of a record, taken out of `fields`; BadRecordError(bad_messages) where it is no such conversation.

    alpaca: system (optional), then each [user, assistant] pair of `history`, then instruction and output. The user's
    turn is the instruction, followed by a blank line and `input` where that is not empty.
    messages: OpenAI's list of {role, content}; `train` (bool) or `weight` (0 or 1) say whether a turn is trained. Tool
    calls are no text and make the record bad. Where a message has keys of its own, the list as given stays in `fields`.
    """
    turns = _alpaca(fields) if layout == "alpaca" else _messages(fields)
    if not any(turn["content"] for turn in turns):
        raise NotADocumentError(SkipReason.EMPTY_TEXT)
    return turns


def joined_text(turns: Collection[Message]) -> str:
    """The text of a conversation: its contents joined by blank lines."""
    return "\n\n".join(turn["content"] for turn in turns)


def _alpaca(fields: dict[str, object]) -> list[Message]:
    system = _string(fields.pop("system", None) or "")
    turns = [_turn("system", system)] if system else []
    for pair in _list(fields.pop("history", None) or []):
        user, assistant = _pair(pair)
        turns += [_turn("user", user), _turn("assistant", assistant)]
    prompt, more = _string(fields.pop("instruction", None)), _string(fields.pop("input", None) or "")
    answer = _string(fields.pop("output", None))
    return [*turns, _turn("user", f"{prompt}\n\n{more}" if more else prompt), _turn("assistant", answer)]


def _messages(fields: dict[str, object]) -> list[Message]:
    given = _list(fields.pop("messages", None))
    turns = [_message(one) for one in given]
    if not turns:
        raise BadRecordError(QuarantineReason.BAD_MESSAGES)
    if any(one[key] is not None for one in given if isinstance(one, dict) for key in one.keys() - _PLAIN_KEYS):
        fields["messages"] = given
    return turns


def _message(value: object) -> Message:
    if not isinstance(value, dict) or any(value.get(key) for key in _CALL_KEYS):
        raise BadRecordError(QuarantineReason.BAD_MESSAGES)
    role = _string(value.get("role"))
    if role not in ROLES:
        raise BadRecordError(QuarantineReason.BAD_MESSAGES)
    return _turn(role, _string(value.get("content")), _trained(value))


def _trained(message: dict[str, object]) -> bool | None:
    train, weight = message.get("train"), message.get("weight")
    if train is None and weight is None:
        return None
    if isinstance(train, bool) and weight is None:
        return train
    if train is None and weight in (0, 1):
        return bool(weight)
    raise BadRecordError(QuarantineReason.BAD_MESSAGES)


def _turn(role: str, content: str, train: bool | None = None) -> Message:
    return {"role": role, "content": content, "train": train}


def _pair(value: object) -> tuple[str, str]:
    items = _list(value)
    if len(items) != 2:
        raise BadRecordError(QuarantineReason.BAD_MESSAGES)
    return _string(items[0]), _string(items[1])


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise BadRecordError(QuarantineReason.BAD_MESSAGES)
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise BadRecordError(QuarantineReason.BAD_MESSAGES)
    return value
