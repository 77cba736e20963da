"""ChatML: the ids that apply_chat_template gives, and a loss on exactly what was asked."""

import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from transformers import AutoTokenizer

from tests.oracles.library_bpe import train_bpe
from tests.tokenizer.corpus import texts
from tokenizer.chat import IM_END, ROLES, ChatEncoder, Messages, trained_messages
from tokenizer.encode import Encoder
from tokenizer.files import file_contents, load

SPECIALS = ("<|endoftext|>", "<|pad|>", "<|im_start|>", "<|im_end|>")
PRETOKENIZERS = ("gpt4", "gpt2")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A folder per pretokenizer; the corpus is rich in runs of white space, so that they merge."""
    corpus = [*texts(), *("assistant\n\n\n  \n\n   x\n" * 9 for _ in range(20))]
    made = {}
    for kind in PRETOKENIZERS:
        made[kind] = tmp_path_factory.mktemp(kind)
        tokenizer = train_bpe(corpus, vocab_size=340, pretokenizer=kind, special_tokens=SPECIALS)
        for name, content in file_contents(tokenizer).items():
            (made[kind] / name).write_bytes(content)
    return made


def flat(*conversations: list[tuple[str, str]], override=None) -> Messages:
    """Messages of conversations given as (role, content) pairs."""
    pairs = list(itertools.chain.from_iterable(conversations))
    bounds = np.cumsum([0, *(len(c) for c in conversations)])
    return Messages([r for r, _ in pairs], [c for _, c in pairs], override or [None] * len(pairs), bounds)


TALK = [
    ("system", "Be brief."),
    ("user", "Mill?"),
    ("assistant", "Grinds corn."),
    ("user", "Why"),
    ("assistant", "😀 麦!"),
]


def runs(trained_T):
    """(start, end) of every run of trained tokens."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], trained_T.astype(np.int8), [0]])))
    return list(zip(edges[::2], edges[1::2], strict=True))


@pytest.mark.parametrize("kind", PRETOKENIZERS)
def test_ids_are_those_of_apply_chat_template(folders, kind):
    theirs, ours = AutoTokenizer.from_pretrained(folders[kind]), ChatEncoder(load(folders[kind]))
    contents = [t.replace(IM_END, "") for t in texts(60)] + ["", "x\n\n", "tail  "]
    for content in contents:
        talk = [("user", content.lstrip()), ("assistant", content.lstrip()), ("tool", content)]
        got = ours.render(flat(talk), np.array([False, True, False])).ids_T.tolist()
        want = theirs.apply_chat_template([{"role": r, "content": c} for r, c in talk], tokenize=True)
        assert got == list(want["input_ids"] if not isinstance(want, list) else want)


@pytest.mark.parametrize("kind", PRETOKENIZERS)
def test_the_generation_prompt_is_what_stands_before_a_trained_answer(folders, kind):
    theirs, ours = AutoTokenizer.from_pretrained(folders[kind]), ChatEncoder(load(folders[kind]))
    rendered = ours.render(flat([("user", "Why"), ("assistant", "\n\n  because")]), np.array([False, True]))
    prompt = theirs.apply_chat_template(
        [{"role": "user", "content": "Why"}], add_generation_prompt=True, tokenize=True, return_dict=False
    )
    start, _ = runs(rendered.trained_T)[0]
    assert rendered.ids_T[:start].tolist() == list(prompt)


def test_border_tokens_occur_and_only_training_parts_them(folders):
    encoder = load(folders["gpt4"])
    ours, talk = ChatEncoder(encoder), flat([("assistant", "\n\n\n")])
    whole, apart = (ours.render(talk, np.array([trained])) for trained in (False, True))
    assert whole.ids_T.tolist() != apart.ids_T.tolist()
    assert encoder.decode(whole.ids_T) == encoder.decode(apart.ids_T)


content = st.one_of(st.text(max_size=12), st.text(alphabet="\n a'😀", max_size=6), st.sampled_from(SPECIALS))
message = st.tuples(st.sampled_from(sorted(ROLES)), content, st.booleans())


@pytest.mark.parametrize("kind", PRETOKENIZERS)
@settings(deadline=None)
@given(talks=st.lists(st.lists(message, max_size=4), max_size=3))
def test_trained_spans_are_exactly_content_and_end_token(folders, kind, talks):
    encoder = LOADED.setdefault(kind, load(folders[kind]))
    messages = flat(*([(r, c) for r, c, _ in talk] for talk in talks))
    trained_M = np.array([t for talk in talks for _, _, t in talk], bool)
    rendered = ChatEncoder(encoder).render(messages, trained_M)
    spans = [encoder.decode(rendered.ids_T[a:b]) for a, b in runs(rendered.trained_T)]
    assert spans == [c + IM_END for c, t in zip(messages.contents, trained_M, strict=True) if t]
    whole = [encoder.decode(rendered.ids_T[a:b]) for a, b in itertools.pairwise(rendered.bounds_C1)]
    assert whole == ["".join(f"<|im_start|>{r}\n{c}<|im_end|>\n" for r, c, _ in talk) for talk in talks]
    assert (rendered.ids_T == 3).sum() == len(messages.roles)


LOADED: dict[str, Encoder] = {}


@pytest.mark.parametrize(
    ("train_on", "override", "expected"),
    [
        ("assistant", None, [2, 4, 6]),
        ("last", None, [4, 6]),
        ("all", None, [0, 1, 2, 3, 4, 5, 6]),
        ("assistant", [None, True, False, None, None, None, None], [1, 4, 6]),
        ("last", [None, None, True, None, False, None, None], [2, 6]),
    ],
)
def test_which_messages_are_trained(train_on, override, expected):
    messages = flat(TALK, [], [("user", "a"), ("assistant", "b")], [], override=override)
    assert np.flatnonzero(trained_messages(messages, train_on)).tolist() == expected


@pytest.mark.parametrize("train_on", ["assistant", "last", "all"])
def test_no_conversations_at_all(folders, train_on):
    none = flat()
    assert trained_messages(none, train_on).size == 0
    assert ChatEncoder(load(folders["gpt4"])).render(none, np.empty(0, bool)).ids_T.size == 0


def test_last_without_an_assistant_trains_nothing():
    assert not trained_messages(flat([("user", "a")], [("system", "b"), ("user", "c")]), "last").any()


def test_a_tokenizer_without_the_tokens_is_refused():
    tokenizer = train_bpe([], vocab_size=300, pretokenizer="gpt4", special_tokens=SPECIALS[:2])
    with pytest.raises(ValueError, match=r"no <\|im_start\|>.*train_tokenizer before format"):
        ChatEncoder(Encoder(tokenizer.to_str().encode(), eos="<|endoftext|>", pad=None))


def test_a_tokenizer_that_sees_pieces_otherwise_is_refused():
    tokenizer = train_bpe(texts(), vocab_size=340, pretokenizer="gpt4", special_tokens=SPECIALS)
    for controls in ((), SPECIALS):
        with pytest.raises(ValueError, match="pieces of a conversation"):
            ChatEncoder(Encoder(with_stripping_end(tokenizer), eos="<|endoftext|>", pad=None, controls=controls))


def with_stripping_end(tokenizer: Tokenizer) -> bytes:
    """The same tokenizer whose end token swallows the white space after it, as some models' do."""
    parts = json.loads(tokenizer.to_str())
    for token in parts["added_tokens"]:
        token["rstrip"] = token["content"] == IM_END
    return json.dumps(parts).encode()
