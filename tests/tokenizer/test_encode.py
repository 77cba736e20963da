"""Encoding: text is text, arrays come end to end, any tokenizer.json will do."""

import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, processors

from tests.shared_data import shared
from tests.tokenizer.corpus import texts
from tokenizer import encode
from tokenizer.encode import Encoder
from tokenizer.train import train_bpe

SPECIALS = ("<|endoftext|>", "<|pad|>", "<|im_start|>", "<|im_end|>")
JSON = train_bpe(texts(), vocab_size=340, pretokenizer="gpt4", special_tokens=SPECIALS).to_str().encode()
ENCODER = Encoder(JSON, eos="<|endoftext|>", pad="<|pad|>")
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
    whole = ENCODER.encode(texts(50))
    monkeypatch.setattr(encode, "GROUP_CHARS", 100)
    assert len(list(encode._groups(texts(50)))) > 20
    for got, want in zip(ENCODER.encode(texts(50)), whole, strict=True):
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
