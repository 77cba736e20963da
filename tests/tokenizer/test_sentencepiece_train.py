"""SentencePiece from counts: what it learns from the lines themselves, ids in their order, the same bytes always."""

import io
import random

import numpy as np
import pytest
import sentencepiece
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles.pretokens import buffers
from tests.shared_data import shared
from tests.tokenizer.corpus import texts
from tests.tokenizer.test_pretokenize import real_files, texts_of
from tokenizer.pretoken_counts import SPACES, PretokenCounts
from tokenizer.sentencepiece_train import (
    MAX_WORD_BYTES,
    frequency_lines,
    num_long_words,
    tokenizer_of_bpe,
    train_sentencepiece,
    vocab_size_of,
)

SPECIALS = ("<|endoftext|>", "<|pad|>", "<|im_start|>", "<|reserved_0|>")
KINDS = ("bpe", "unigram")


def counted(of_texts: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    counts = PretokenCounts()
    counts.add_texts(*buffers(of_texts), SPACES)
    return counts.table()


def train(of_texts: list[str], kind: str = "bpe", vocab_size: int = 340, **more) -> bytes:
    return train_sentencepiece(
        *counted(of_texts), kind=kind, vocab_size=vocab_size, special_tokens=SPECIALS, character_coverage=1.0, **more
    )


def processor(model: bytes) -> sentencepiece.SentencePieceProcessor:
    return sentencepiece.SentencePieceProcessor(model_proto=model)


MODELS = {kind: train(texts(), kind) for kind in KINDS}


def by_the_library(lines: list[str], vocab_size: int) -> bytes:
    """Trained by the library alone, on lines as they are."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=model, model_type="bpe", vocab_size=vocab_size,
        hard_vocab_limit=False, eos_id=0, eos_piece=SPECIALS[0], pad_id=1, pad_piece=SPECIALS[1], bos_id=-1, unk_id=4,
        control_symbols=list(SPECIALS[2:]), byte_fallback=True, character_coverage=1.0,
        normalization_rule_name="identity", remove_extra_whitespaces=False, allow_whitespace_only_pieces=True,
        num_threads=1, minloglevel=3,
    )  # fmt: skip
    return model.getvalue()


def pieces_of(model: bytes) -> list[tuple[str, float]]:
    trained = processor(model)
    return [(trained.id_to_piece(i), trained.get_score(i)) for i in range(trained.get_piece_size())]


def test_pieces_are_those_that_the_library_learns_from_lines():
    lines = [line.strip() for text in texts() for line in text.split("\n")]
    lines += ["two  blanks   and three", "two  blanks"] * 900
    ours = pieces_of(train(lines))
    assert ours == pieces_of(by_the_library(lines, 340))
    assert len(ours) == 340
    assert any(piece.startswith("\u2581\u2581") for piece, _ in ours)


@pytest.mark.parametrize("kind", KINDS)
def test_ids_are_specials_then_unknown_then_bytes_then_pieces(kind):
    trained = processor(MODELS[kind])
    assert [trained.id_to_piece(i) for i in range(5)] == [*SPECIALS, "<unk>"]
    assert [trained.id_to_piece(5 + i) for i in range(256)] == [f"<0x{i:02X}>" for i in range(256)]
    assert vocab_size_of(MODELS[kind]) == trained.get_piece_size() <= 340
    assert (trained.eos_id(), trained.pad_id(), trained.bos_id(), trained.unk_id()) == (0, 1, -1, 4)


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_words_does_not_matter(kind):
    shuffled = texts()
    random.Random(1).shuffle(shuffled)
    assert train(shuffled, kind) == MODELS[kind]
    assert b"/" not in MODELS[kind].replace(b"\n\x06\n\x01/", b"")  # no path anywhere


@settings(deadline=None)
@given(st.text(max_size=60) | st.text(" \n\tamil'1麦\U0001f600\u0301", max_size=60))
def test_the_twin_of_a_bpe_model_has_its_ids(text):
    trained, twin = processor(MODELS["bpe"]), tokenizer_of_bpe(MODELS["bpe"])
    twin.encode_special_tokens = True
    ids = twin.encode(text, add_special_tokens=False).ids
    if "\0" not in text:  # the library's processor ends a text there
        assert ids == trained.encode(text)
    if "\u2581" not in text:  # stands for a blank
        assert twin.decode(ids, skip_special_tokens=False) == text


def test_specials_that_are_typed_are_text():
    twin = tokenizer_of_bpe(MODELS["bpe"])
    assert twin.encode("<|im_start|>").ids == [2]
    twin.encode_special_tokens = True
    assert twin.encode("<|im_start|>").ids == processor(MODELS["bpe"]).encode("<|im_start|>")


def test_lines_by_hand():
    words = ["a", " a", "  a", "\n\n", " ", "\t", " b", "x" * (MAX_WORD_BYTES + 9)]
    offsets_W1 = np.cumsum([0, *map(len, words)])
    table = np.frombuffer("".join(words).encode(), np.uint8), offsets_W1, np.array([1, 2, 3, 9, 9, 9, 2**40, 1])
    assert frequency_lines(*table) == [f"b\t{2**40}", " a\t3", "a\t3"]
    assert num_long_words(offsets_W1) == 1


def test_digits_one_by_one():
    def longest(**more: bool) -> int:
        pieces = [piece for piece, _ in pieces_of(train(["77777 77777 77777"] * 9, **more))[261:]]
        return max(piece.count("7") for piece in pieces)

    assert (longest(splits_digits=True), longest() > 1) == (1, True)


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_library_refuses_is_told_in_its_words(kind):
    with pytest.raises(ValueError, match=r"SentencePiece refuses to train 262 pieces: .*[Vv]ocabulary size"):
        train(texts(), kind, vocab_size=262)
    assert vocab_size_of(train(["aaa"], kind, vocab_size=5000)) < 300


@pytest.mark.slow
def test_the_twin_has_the_ids_of_real_text():
    found = [text for name in real_files() for text in texts_of(shared(name))]
    model = train(found[::20], vocab_size=8000)
    trained, twin = processor(model), tokenizer_of_bpe(model)
    twin.encode_special_tokens = True
    held_out = [text for text in found[7::40] if "\0" not in text]
    assert len(held_out) > 10_000
    for text in held_out:
        assert twin.encode(text, add_special_tokens=False).ids == trained.encode(text), text[:80]
