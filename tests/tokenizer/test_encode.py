"""Encoding: text is text, arrays come end to end, any tokenizer.json will do, and kernels give the library's ids."""

import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors

from tests.oracles.library_bpe import train_bpe
from tests.oracles.pretokens import buffers
from tests.shared_data import shared
from tests.tokenizer.corpus import texts
from tokenizer import encode
from tokenizer.bpe_encode import FastEncoder
from tokenizer.encode import Encoder

SPECIALS = ("<|endoftext|>", "<|pad|>", "<|im_start|>", "<|im_end|>")
JSON = train_bpe(texts(), vocab_size=340, pretokenizer="gpt4", special_tokens=SPECIALS).to_str().encode()
ENCODER = Encoder(JSON, eos="<|endoftext|>", pad="<|pad|>")


def encoder_of(tokenizer: bytes | Tokenizer, eos: str = SPECIALS[0]) -> Encoder:
    return Encoder(tokenizer if isinstance(tokenizer, bytes) else tokenizer.to_str().encode(), eos=eos, pad=None)


anything = st.one_of(
    st.text(max_size=20), st.sampled_from(SPECIALS).flatmap(lambda s: st.text(max_size=5).map(s.__add__))
)


def test_texts_come_end_to_end():
    ids_T, bounds_D1 = ENCODER.encode(["the", "", "the mill"])
    assert (ids_T.dtype, bounds_D1.dtype) == (np.int32, np.int64)
    assert bounds_D1.tolist()[:3] == [0, bounds_D1[1], bounds_D1[1]]
    assert ENCODER.decode(ids_T[: bounds_D1[1]]) == "the"
    assert ENCODER.decode(ids_T[bounds_D1[2] :]) == "the mill"


def test_no_texts_give_empty_arrays():
    ids_T, bounds_D1 = ENCODER.encode([])
    assert (ids_T.size, bounds_D1.tolist()) == (0, [0])


@settings(deadline=None)
@given(st.lists(anything, max_size=6))
def test_every_text_comes_back_and_holds_no_special_id(batch):
    ids_T, bounds_D1 = ENCODER.encode(batch)
    assert [ENCODER.decode(ids_T[a:b]) for a, b in itertools.pairwise(bounds_D1)] == batch
    assert not np.isin(ids_T, range(len(SPECIALS))).any()


def test_groups_do_not_change_the_ids(monkeypatch):
    whole, by_library = ENCODER.encode(texts(50)), encoder_of(JSON)
    by_library.use_library("it is tested")
    monkeypatch.setattr(encode, "GROUP_CHARS", 100)
    assert len(list(encode._groups(texts(50)))) > 20
    for got, want in zip(by_library.encode(texts(50)), whole, strict=True):
        np.testing.assert_array_equal(got, want)


def test_facts_of_the_tokenizer():
    assert (ENCODER.eos_id, ENCODER.pad_id, ENCODER.vocab_size) == (0, 1, 340)
    assert Encoder(JSON, eos="<|endoftext|>", pad=None).pad_id is None
    assert Encoder(JSON + b"\n", eos="<|endoftext|>", pad=None).fingerprint != ENCODER.fingerprint


@pytest.mark.parametrize("eos", [None, "</s>"])
def test_a_tokenizer_without_end_of_text_is_refused(eos):
    with pytest.raises(ValueError, match="name one of its tokens as eos_token"):
        Encoder(JSON, eos=eos, pad=None)


def foreign() -> Tokenizer:
    """A tokenizer as others make them: a post-processor that adds BOS, truncation, and tokens added in two ways."""
    tokenizer = Tokenizer.from_str(JSON.decode())
    tokenizer.add_tokens([AddedToken("    ", normalized=False), AddedToken("<|im_mid|>", normalized=False)])
    tokenizer.post_processor = processors.TemplateProcessing(single="<|pad|> $A", special_tokens=[("<|pad|>", 1)])
    tokenizer.enable_truncation(4)
    return tokenizer


def test_nothing_is_added_and_nothing_cut():
    ours = Encoder(foreign().to_str().encode(), eos="<|endoftext|>", pad=None)
    ids_T, _ = ours.encode(["the mill grinds corn into flour"])
    np.testing.assert_array_equal(ids_T, ENCODER.encode(["the mill grinds corn into flour"]).ids_T)


def test_added_text_tokens_stay_and_control_tokens_never_do():
    text = "a    b<|im_mid|>"
    plain = Encoder(foreign().to_str().encode(), eos="<|endoftext|>", pad=None)
    strict = Encoder(foreign().to_str().encode(), eos="<|endoftext|>", pad=None, controls=("<|im_mid|>",))
    assert {340, 341} <= set(plain.encode([text]).ids_T.tolist())
    got = strict.encode([text]).ids_T
    assert 340 in got
    assert 341 not in got
    assert strict.decode(got) == text


def test_vocab_size_covers_the_highest_id():
    words = Tokenizer(models.WordLevel({"a": 0, "b": 7}, unk_token="a"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    assert Encoder(words.to_str().encode(), eos="b", pad=None).vocab_size == 8


def test_rendered_text_recognises_special_tokens_and_texts_after_it_do_not():
    assert ENCODER.encode_rendered("<|im_end|>") == [3]
    assert 3 not in ENCODER.encode(["<|im_end|>"]).ids_T


def test_a_real_tokenizer_agrees_with_its_library():
    data = shared("models/gpt-neo-test-tokenizer.json").read_bytes()
    reference = Tokenizer.from_str(data.decode())
    eos = json.loads(data)["added_tokens"][0]["content"]
    sample = texts(100)
    ids_T, bounds_D1 = Encoder(data, eos=eos, pad=None).encode(sample)
    expected = [e.ids for e in reference.encode_batch(sample, add_special_tokens=False)]
    assert [ids_T[a:b].tolist() for a, b in itertools.pairwise(bounds_D1)] == expected


def odd() -> Tokenizer:
    """Byte-level BPE with an NFC normaliser, tokens added beside it, and special tokens that swallow blanks."""
    tokenizer = Tokenizer.from_str(JSON.decode())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.add_tokens(["  ", "    ", AddedToken("mill", single_word=True), AddedToken("\u2126", normalized=True)])
    tokenizer.add_special_tokens([AddedToken("<s>", lstrip=True, rstrip=True), AddedToken("<s>the", normalized=True)])
    return tokenizer


def library_ids(tokenizer: Tokenizer, batch: list[str], *, reads_specials: bool) -> list[list[int]]:
    tokenizer.encode_special_tokens = not reads_specials
    return [one.ids for one in tokenizer.encode_batch(batch, add_special_tokens=False)]


def lists(found: encode.TokenLists) -> list[list[int]]:
    return [found.ids_T[a:b].tolist() for a, b in itertools.pairwise(found.bounds_D1)]


MADE = {"plain": Tokenizer.from_str(JSON.decode()), "odd": odd()}
ENCODERS = {name: encoder_of(tokenizer) for name, tokenizer in MADE.items()}
WORDS = [
    *SPECIALS,
    "the",
    " mill",
    "mill",
    "  ",
    "    ",
    " ",
    "e\u0301",
    "\u2126",
    "\u03a9",
    "麦粉",
    "<s>",
    "\n",
    "<|",
    "😀",
]
odd_texts = st.lists(anything | st.lists(st.sampled_from(WORDS), max_size=9).map("".join), max_size=8)


@pytest.mark.parametrize("reads_specials", [False, True])
@pytest.mark.parametrize("name", list(MADE))
@settings(deadline=None)
@given(odd_texts)
def test_ids_are_the_librarys_with_special_tokens_as_text_and_as_tokens(name, reads_specials, batch):
    ours = ENCODERS[name].encode_bytes(*buffers(batch), reads_specials=reads_specials)
    assert lists(ours) == library_ids(MADE[name], batch, reads_specials=reads_specials)


def test_only_documents_that_need_it_go_to_the_library():
    encoder = encoder_of(odd())
    assert encoder.why_library is None
    batch = ["the mill  grinds", "the corn", "cafe\u0301", "café", "<|pad|>", "", "corn"]
    assert lists(encoder.encode(batch)) == library_ids(odd(), batch, reads_specials=False)
    assert encoder.num_by_library == 2
    encoder.encode_bytes(*buffers(batch), reads_specials=True)
    assert encoder.num_by_library == 5


@pytest.mark.parametrize(
    ("normalizer", "reason"), [(normalizers.Lowercase(), "it normalises text .Lowercase"), (normalizers.NFC(), None)]
)
def test_what_kernels_do_not_cover_goes_to_the_library(normalizer, reason):
    tokenizer = Tokenizer.from_str(JSON.decode())
    tokenizer.normalizer = normalizer
    encoder = encoder_of(tokenizer)
    assert (encoder.why_library is None) == (reason is None)
    assert lists(encoder.encode(["The Mill", "a"])) == library_ids(tokenizer, ["The Mill", "a"], reads_specials=False)
    assert encoder.num_by_library == (2 if reason else 0)


def test_equal_ids_are_a_proof():
    encoder = encoder_of(JSON)
    encoder.prove(texts(50))
    assert (encoder.why_library, encoder.num_by_library) == (None, 0)


def test_one_other_id_leaves_all_to_the_library(monkeypatch):
    right = FastEncoder.encode

    def wrong(self, text_B, offsets_D1):
        ids_T, bounds_D1 = right(self, text_B, offsets_D1)
        ids_T[-1] += 1
        return ids_T, bounds_D1

    monkeypatch.setattr(FastEncoder, "encode", wrong)
    encoder = encoder_of(JSON)
    assert lists(encoder.encode(["the"])) != library_ids(MADE["plain"], ["the"], reads_specials=False)
    encoder.prove(texts(50))
    assert "not those of the library on a sample" in str(encoder.why_library)
    assert lists(encoder.encode(["the"])) == library_ids(MADE["plain"], ["the"], reads_specials=False)


@pytest.mark.parametrize("name", list(MADE))
@settings(deadline=None)
@given(odd_texts, st.data())
def test_heads_are_told_as_the_librarys_offsets_tell_them(name, batch, data):
    heads = [data.draw(st.integers(0, len(text))) for text in batch]
    by_library = encoder_of(MADE[name])
    by_library.use_library("it is compared")
    ours, theirs = (encoder.encode_headed(batch, heads) for encoder in (ENCODERS[name], by_library))
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(mine, other)


def test_offsets_may_be_narrow_and_begin_anywhere():
    text_B, offsets_D1 = buffers(["corn", "the mill", "a  b"])
    encoder = encoder_of(odd())
    got = encoder.encode_bytes(text_B, offsets_D1[1:].astype(np.int32))
    assert lists(got) == library_ids(odd(), ["the mill", "a  b"], reads_specials=False)
