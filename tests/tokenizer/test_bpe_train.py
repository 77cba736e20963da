"""Merges and vocabularies equal to the library's, on words that tie, overlap and come together in two ways."""

import json
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from tests.oracles import bpe_train as oracle
from tests.oracles.library_bpe import train_bpe
from tests.oracles.pretokens import buffers
from tests.shared_data import shared
from tests.tokenizer.corpus import texts
from tests.tokenizer.test_pretokenize import real_files, texts_of
from tokenizer.bpe_train import pre_tokenizer, tokens_of, train_from_counts, train_merges
from tokenizer.files import file_contents
from tokenizer.pretoken_counts import PretokenCounts

SPECIALS = ("<|endoftext|>", "<|pad|>")

few_words = st.dictionaries(
    st.text("ab", min_size=1, max_size=24) | st.text("abcd", min_size=1, max_size=9), st.integers(1, 4), max_size=24
)
sizes = st.sampled_from([0, 3, 20, 60, 600])


def table(counts: dict[bytes, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What `train_merges` takes."""
    offsets_W1 = np.cumsum([0, *map(len, counts)])
    return np.frombuffer(b"".join(counts), np.uint8), offsets_W1, np.array(list(counts.values()), np.int64)


def encoded(counts: dict[str, int]) -> dict[bytes, int]:
    return {word.encode(): count for word, count in counts.items()}


def library(counts: dict[str, int], vocab_size: int, min_frequency: int, max_token_bytes: int | None) -> Tokenizer:
    """Trained by the library on these words alone; its bound on tokens is one that they stay below."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    bound = {} if max_token_bytes is None else {"max_token_length": max_token_bytes + 1}
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=min_frequency,
        show_progress=False,
        special_tokens=list(SPECIALS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        **bound,
    )
    tokenizer.train_from_iterator([" ".join([word] * count) for word, count in counts.items()], trainer)
    return tokenizer


def model_of(tokenizer: Tokenizer) -> dict[str, object]:
    return json.loads(tokenizer.to_str())["model"]


def trained(
    documents: list[str], *, vocab_size: int, pattern: str, special_tokens: Sequence[str] = SPECIALS
) -> Tokenizer:
    counts = PretokenCounts()
    counts.add_texts(*buffers(documents), pattern)
    return train_from_counts(*counts.table(), vocab_size=vocab_size, pattern=pattern, special_tokens=special_tokens)


def merged(counts: dict[bytes, int], num_merges: int, **bounds: int) -> list[bytes]:
    return tokens_of(train_merges(*table(counts), num_merges=num_merges, **bounds))[256:]


@given(
    counts=few_words,
    num_merges=sizes,
    min_frequency=st.sampled_from([0, 0, 1, 2, 5]),
    max_token_bytes=st.sampled_from([None, None, 2, 3, 5]),
)
def test_merges_and_vocabulary_are_those_of_the_library(counts, num_merges, min_frequency, max_token_bytes):
    vocab_size = len(SPECIALS) + 256 + num_merges
    ours = train_from_counts(
        *table(encoded(counts)),
        vocab_size=vocab_size,
        pattern="gpt2",
        special_tokens=SPECIALS,
        min_frequency=min_frequency,
        max_token_bytes=max_token_bytes,
    )
    assert model_of(ours) == model_of(library(counts, vocab_size, min_frequency, max_token_bytes))


@given(
    counts=st.dictionaries(st.binary(min_size=1, max_size=6) | st.text("ab").map(str.encode), st.integers(0, 2**40)),
    num_merges=sizes,
    max_token_bytes=st.sampled_from([None, 2, 4]),
)
def test_merges_are_those_of_the_oracle_at_counts_past_32_bits(counts, num_merges, max_token_bytes):
    positive = {word: count for word, count in counts.items() if count}
    ours = train_merges(*table(counts), num_merges=num_merges, max_token_bytes=max_token_bytes)
    assert ours.dtype == np.int32
    theirs = oracle.train_merges(positive, num_merges=num_merges, max_token_bytes=max_token_bytes)
    assert [tuple(pair) for pair in ours.tolist()] == theirs


def words_of(seed: int) -> dict[str, int]:
    rng = np.random.default_rng(seed)
    drawn = ("".join(rng.choice(list("ab"), rng.integers(1, 40))) for _ in range(40))
    return {word: int(rng.integers(1, 4)) for word in drawn}


def test_no_two_merges_give_the_same_bytes():
    """Else the library would give both one id: runs overlap most."""
    for seed in range(40):
        learned = merged(encoded(words_of(seed)), 300)
        assert len(set(learned)) == len(learned) > 100


def test_by_hand():
    assert merged({b"low": 5, b"lower": 2, b"newest": 6, b"widest": 3}, 4) == [b"es", b"est", b"lo", b"low"]


def test_overlapping_pairs_count_twice():
    assert merged({b"aaa": 3, b"bc": 5}, 1) == [b"aa"]  # 6 of "aa" against 5


def test_ties_go_to_the_smallest_left_byte_then_the_smallest_right_one():
    assert merged({b"zb": 2, b"ac": 2, b"ab": 2}, 3) == [b"ab", b"ac", b"zb"]


def test_counts_past_32_bits_do_not_wrap():
    assert merged({b"ab": 2**32 + 1, b"cd": 2**32, b"ef": 3}, 3) == [b"ab", b"cd", b"ef"]


def test_bounds():
    counts = {b"abcd": 5, b"xy": 2}
    assert merged(counts, 9) == [b"ab", b"cd", b"abcd", b"xy"]
    assert merged(counts, 9, min_frequency=3) == [b"ab", b"cd", b"abcd"]
    assert merged(counts, 9, max_token_bytes=2) == [b"ab", b"cd", b"xy"]


@pytest.mark.parametrize("counts", [{}, {b"": 3}, {b"a": 3}, {b"ab": 0}])
def test_nothing_to_merge(counts):
    assert train_merges(*table(counts), num_merges=5).shape == (0, 2)


def test_order_and_repeats_of_words_do_not_matter():
    counts = encoded(words_of(3))
    expected = train_merges(*table(counts), num_merges=100)
    backwards = dict(reversed(counts.items()))
    np.testing.assert_array_equal(train_merges(*table(backwards), num_merges=100), expected)
    word_B, offsets_W1, counts_W = table({word: 2 * count for word, count in counts.items()})
    offsets_W1 = np.concatenate((offsets_W1, offsets_W1[1:] + offsets_W1[-1]))
    twice = train_merges(np.tile(word_B, 2), offsets_W1, np.tile(counts_W, 2), num_merges=100)
    np.testing.assert_array_equal(twice, expected)


def test_words_are_read_where_they_lie():
    word_B = np.frombuffer(b"skipped ab ab left out", np.uint8)
    merges_M2 = train_merges(word_B, np.array([8, 11, 13]), np.array([1, 1]), num_merges=1)
    assert tokens_of(merges_M2)[256:] == [b"ab"]


@pytest.mark.parametrize(("pretokenizer", "pattern"), [("gpt2", "gpt2"), ("gpt4", "cl100k")])
@pytest.mark.parametrize("vocab_size", [258, 400, 5000])
def test_the_files_are_those_that_the_library_makes(pretokenizer, pattern, vocab_size):
    ours = trained(texts(), vocab_size=vocab_size, pattern=pattern)
    theirs = train_bpe(texts(), vocab_size=vocab_size, pretokenizer=pretokenizer, special_tokens=SPECIALS)
    assert ours.to_str() == theirs.to_str()
    assert file_contents(ours) == file_contents(theirs)


def test_ids_are_specials_then_bytes_then_merges():
    tokenizer = trained(texts(), vocab_size=340, pattern="cl100k")
    assert [tokenizer.id_to_token(i) for i in range(2)] == list(SPECIALS)
    assert all(len(tokenizer.id_to_token(i)) == 1 for i in range(2, 258))
    assert all(len(tokenizer.id_to_token(i)) > 1 for i in range(258, 340))
    assert tokenizer.get_vocab_size() == 340


def test_too_little_to_merge_gives_a_smaller_vocabulary():
    assert trained(["abab"], vocab_size=1000, pattern="cl100k").get_vocab_size() == 258 + 2  # ab, abab


def test_special_tokens_typed_in_the_corpus_are_text():
    specials = (*SPECIALS, "<|im_end|>")
    tokenizer = trained(["<|im_end|>"] * 50, vocab_size=1000, pattern="cl100k", special_tokens=specials)
    tokenizer.encode_special_tokens = True
    assert tokenizer.encode("<|im_end|>").tokens == ["<|", "im", "_end", "|>"]


def test_patterns_split_by_hand():
    def split(pattern, text):
        return [text[a:b] for _, (a, b) in pre_tokenizer(pattern).pre_tokenize_str(text)]

    text = "It's 12345 days!\n\n  Don'T"
    assert split("cl100k", text) == ["It", "'s", " ", "123", "45", " days", "!\n\n", " ", " Don", "'T"]
    assert split("cl100k-1", text)[3:8] == ["1", "2", "3", "4", "5"]
    assert split("gpt2", text) == ["It", "'s", " 12345", " days", "!", "\n\n ", " Don", "'", "T"]


@pytest.mark.parametrize("pattern", ["gpt2", "cl100k", "o200k"])
def test_any_text_comes_back(pattern):
    tokenizer = trained(texts(), vocab_size=340, pattern=pattern)
    tokenizer.encode_special_tokens = True

    @given(st.text(max_size=40))
    def comes_back(text):
        assert tokenizer.decode(tokenizer.encode(text).ids, skip_special_tokens=False) == text

    comes_back()


@pytest.mark.parametrize("special", ["ab", "a", "Ġ", " ab", "\u0120ab"])
def test_a_special_token_spelled_as_a_learned_one_is_refused(special):
    with pytest.raises(ValueError, match="spell it as text is not, such as"):
        train_from_counts(*table({b"ab": 2, b" ab": 1}), vocab_size=300, pattern="gpt2", special_tokens=[special])


def test_a_vocabulary_without_room_for_the_bytes_is_refused():
    with pytest.raises(ValueError, match="use at least 258"):
        train_from_counts(*table({b"ab": 2}), vocab_size=257, pattern="gpt2", special_tokens=SPECIALS)


@pytest.mark.parametrize(
    ("counts", "bounds", "message"),
    [
        ({b"ab": -1}, {}, "must not be below 0, got -1"),
        ({b"ab": 2**62}, {}, "do not fit 62 bits"),
        ({b"ab": 1}, {"max_token_bytes": 1}, "max_token_bytes must be at least 2, got 1"),
        ({b"ab": 1}, {"num_merges": -1}, "num_merges must not be below 0, got -1"),
    ],
)
def test_what_can_not_be_trained_is_refused(counts, bounds, message):
    with pytest.raises(ValueError, match=message):
        train_merges(*table(counts), **{"num_merges": 1, **bounds})


def test_a_count_for_each_word_is_needed():
    with pytest.raises(ValueError, match="got 2 counts for 1 words"):
        train_merges(np.frombuffer(b"ab", np.uint8), np.array([0, 2]), np.array([1, 1]), num_merges=1)


@pytest.mark.slow
@pytest.mark.parametrize("pretokenizer", ["gpt2", "gpt4"])
def test_real_text_gives_the_files_that_the_library_makes(pretokenizer):
    """At 8k and at 32k, on all plain text that lies beside the project: more than 50 MB."""
    pattern = "cl100k" if pretokenizer == "gpt4" else pretokenizer
    names = [name for name in real_files() if name.startswith("corpus/")]
    documents = [text for name in names for text in texts_of(shared(name))]
    text_B, offsets_D1 = buffers(documents)
    assert text_B.size > 50e6
    counts = PretokenCounts()
    counts.add_texts(text_B, offsets_D1, pattern)
    for vocab_size in (8000, 32000):
        ours = train_from_counts(*counts.table(), vocab_size=vocab_size, pattern=pattern, special_tokens=SPECIALS)
        theirs = train_bpe(documents, vocab_size=vocab_size, pretokenizer=pretokenizer, special_tokens=SPECIALS)
        assert ours.to_str() == theirs.to_str()
