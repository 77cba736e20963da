import json
import random
import time
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from tests.datatrove import read_jsonl
from tests.oracles.pretokens import buffers
from tests.shared_data import shared
from tests.tokenizer.corpus import texts as corpus_texts
from tokenizer.bpe_encode import GROUP_BYTES, FastEncoder, why_not
from tokenizer.bpe_encode_tables import word_cache
from tokenizer.pretokenize import PATTERNS

NAMES = ("gpt2", "cl100k", "o200k", "llama3", "qwen2")
SPECIAL = "<|end|>"
ODD = "'sStTrRlL  \n\r\t./-129٣½ǅßÀéΣЖก日本麦粉ー\u0301\u200d\ufe0f😀👩🏽\x00"
WORDS = [" the", "the", " mill", " grinds", "flour;", " don't", "1234", "naïve", "麦粉", "😀", SPECIAL, "\n\n"]


def trained(pattern: str, size: int = 700) -> dict[str, Any]:
    """A small tokenizer.json that the library trained on a few texts."""
    split = pre_tokenizers.Split(Regex(PATTERNS[pattern].regex), behavior="isolated")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    if pattern == "gpt2":
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=[SPECIAL], initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator([*corpus_texts(), "aaaaaaaa " * 9, "abababab " * 9, ODD, "=" * 200], trainer)
    return json.loads(tokenizer.to_str())


class Both:
    """The library's tokenizer, special tokens read as text, and ours of the same file."""

    def __init__(self, parts: dict[str, Any]) -> None:
        self.json = json.dumps(parts).encode()
        self.library = Tokenizer.from_str(self.json.decode())
        self.library.encode_special_tokens = True
        fast = FastEncoder.of(self.json)
        assert fast is not None, why_not(self.json)
        self.fast = fast

    def check(self, texts: Sequence[str], fast: FastEncoder | None = None) -> None:
        ids_T, bounds_D1 = (fast or self.fast).encode(*buffers(texts))
        assert ids_T.dtype == np.int32
        assert bounds_D1.dtype == np.int64
        expected = self.library.encode_batch_fast(list(texts), add_special_tokens=False)
        assert bounds_D1[0] == 0
        assert bounds_D1.size == len(texts) + 1
        assert bounds_D1[-1] == ids_T.size
        for d, encoding in enumerate(expected):
            assert ids_T[bounds_D1[d] : bounds_D1[d + 1]].tolist() == encoding.ids


@cache
def both(pattern: str) -> Both:
    return Both(trained(pattern))


any_text = st.text(max_size=40) | st.text(ODD, max_size=60) | st.text("ab =", max_size=150)
some_texts = st.lists(any_text | st.lists(st.sampled_from(WORDS), max_size=60).map("".join), max_size=6)


@pytest.mark.parametrize("pattern", NAMES)
@given(texts=some_texts)
def test_ids_are_those_of_the_library(pattern, texts):
    both(pattern).check(texts)


@pytest.mark.parametrize("pattern", NAMES)
def test_texts_that_it_was_trained_on(pattern):
    both(pattern).check(corpus_texts())


@given(texts=some_texts)
def test_ids_do_not_depend_on_the_words_met_before(texts):
    """A cache of two short words and one long one forgets all the time; another has met all the words."""
    pair = both("cl100k")
    forgetful = FastEncoder(pair.fast._merges, pair.fast.pattern, pair.fast.left_out, word_cache(0, 0))
    pair.check(texts, forgetful)
    pair.check(texts, forgetful)
    pair.check(texts[::-1])
    pair.check(texts)


@given(texts=some_texts, cut=st.data())
def test_slices_of_a_buffer(texts, cut):
    text_B, offsets_D1 = buffers(texts)
    first = cut.draw(st.integers(0, len(texts)))
    last = cut.draw(st.integers(first, len(texts)))
    fast = both("gpt2").fast
    all_ids_T, all_bounds_D1 = fast.encode(text_B, offsets_D1)
    ids_T, bounds_D1 = fast.encode(text_B, offsets_D1[first : last + 1].astype(np.int32))
    assert ids_T.tolist() == all_ids_T[all_bounds_D1[first] : all_bounds_D1[last]].tolist()
    assert bounds_D1.tolist() == (all_bounds_D1[first : last + 1] - all_bounds_D1[first]).tolist()


HOSTILE = {
    "one letter": "a" * 1_000_000,
    "two letters": "ab" * 500_000,
    "letters": "".join(random.Random(1).choices("abthemil", k=1_000_000)),
    "emoji": "😀👩🏽" * 80_000,
    "han": "".join(random.Random(2).choices("麦粉日本", k=330_000)),
    "equals": "=" * 1_000_000,
    "blanks": " " * 1_000_000,
    "digits": "1234" * 250_000,
    "nul": "\0" * 100_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_megabyte_without_a_blank(name):
    both("cl100k").check(["before", HOSTILE[name], "after"])


def test_a_megabyte_without_a_blank_takes_n_log_n():
    fast = both("cl100k").fast
    taken = []
    for size in (50_000, 800_000):
        text = buffers([HOSTILE["letters"][:size]])
        fast.encode(*text)
        began = time.process_time()
        for _ in range(800_000 // size):
            fast.encode(*text)
        taken.append(time.process_time() - began)
    assert taken[1] < 6 * taken[0]  # were it quadratic: 16 times


def test_word_lengths_around_every_edge():
    """Words of each length to beyond those remembered, at the end of the buffer and before it."""
    letters = "".join(random.Random(3).choices("abthemil", k=200))
    words = [letters[:size] for size in (*range(20), *range(60, 70), 128, 200)]
    for word in words:
        both("gpt2").check([word])
        both("gpt2").check([f"{word} {word}", word])
    both("gpt2").check(words)


def test_many_documents_are_encoded_in_groups():
    texts = ["the mill grinds", "", "x" * (GROUP_BYTES + 1), *(["flour; "] * 40_000), "y" * GROUP_BYTES, ""]
    both("gpt2").check(texts)


@pytest.mark.parametrize("texts", [[], [""], ["", ""]])
def test_nothing_to_encode(texts):
    both("gpt2").check(texts)


def test_bytes_that_are_not_text_are_encoded():
    text_B = np.arange(256, dtype=np.uint8)[::-1].copy()
    fast = both("gpt2").fast
    ids_T, bounds_D1 = fast.encode(text_B, np.array([0, 100, 256]))
    assert bounds_D1[-1] == ids_T.size
    of_byte = {vocab_id: token for token, vocab_id in both("gpt2").library.get_vocab().items()}
    assert "".join(of_byte[i] for i in ids_T.tolist()) == "".join(
        of_byte[fast._merges.byte_ids[byte]] for byte in text_B.tolist()
    )


def test_whole_words_before_merges():
    """Llama-3's `ignore_merges`: a token that no merges reach is still what its word becomes."""
    parts = trained("llama3")
    parts["model"]["vocab"] |= {"zqzq": 800, "Ġ" + "zq" * 40: 801, "麦": 802, "日": 803}
    texts = ["zqzq zqzq", " " + "zq" * 40, " " + "zq" * 41, "zqzqz", "q", *corpus_texts(20)]
    for ignore_merges in (False, True):
        parts["model"]["ignore_merges"] = ignore_merges
        Both(parts).check(texts)
    assert Both(parts).fast.encode(*buffers(["zqzq"]))[0].tolist() == [800]
    assert Both(parts).fast.encode(*buffers([texts[1]]))[0].tolist() == [801]


def test_the_last_of_equal_merges_counts_and_old_files_are_read():
    parts = trained("gpt2")
    merges = parts["model"]["merges"]
    parts["model"]["merges"] = [" ".join(merge) for merge in [*merges, *merges[:7]]]
    Both(parts).check(corpus_texts(50))


def test_bytes_without_a_token_are_left_out():
    parts = trained("gpt2", 300)
    for character in "aeĠ":
        parts["model"]["vocab"].pop(character)
    vocab = parts["model"]["vocab"]
    merges = parts["model"]["merges"]
    parts["model"]["merges"] = [m for m in merges if all(t in vocab for t in (*m, "".join(m)))]
    Both(parts).check([*corpus_texts(50), "a", "aeae aeae the", "thaethe", "a" * 100, "the" * 30 + "a" + "the" * 30])


def changed(**model: Any) -> bytes:
    parts = trained("gpt2", 300)
    parts["model"] |= model
    return json.dumps(parts).encode()


def lacking(**model: Any) -> bytes:
    parts = json.loads(changed(**model))
    del parts["model"]["vocab"]["ÿ"]
    return json.dumps(parts).encode()


def with_part(name: str, value: Any) -> bytes:
    return json.dumps(trained("gpt2", 300) | {name: value}).encode()


@pytest.mark.parametrize(
    ("tokenizer_json", "reason"),
    [
        (changed(type="WordPiece"), "WordPiece"),
        (changed(dropout=0.1), "dropout 0.1"),
        (changed(continuing_subword_prefix="##"), "continuing_subword_prefix"),
        (changed(end_of_word_suffix="</w>"), "end_of_word_suffix"),
        (changed(vocab={"a": 0, "b": 0}, merges=[]), "one id"),
        (changed(vocab={"a": 1 << 21}, merges=[]), "ids are not from 0"),
        (changed(vocab={}, merges=[]), "ids are not from 0"),
        (changed(merges=[["a", "Q~"]]), "not in its vocabulary"),
        (lacking(unk_token=SPECIAL), "256 bytes"),
        (lacking(byte_fallback=True), "256 bytes"),
        (with_part("normalizer", {"type": "Lowercase"}), "Lowercase"),
        (with_part("pre_tokenizer", {"type": "Whitespace"}), "split pattern"),
        (with_part("pre_tokenizer", None), "split pattern"),
        (with_part("normalizer", {"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "NFKC"}]}), "NFKC"),
        (b'{"version": "1.0"}', "not BPE"),
    ],
)
def test_what_it_does_not_cover_has_a_reason(tokenizer_json, reason):
    assert reason in str(why_not(tokenizer_json))
    assert FastEncoder.of(tokenizer_json) is None


def test_what_changes_no_id_is_covered():
    for tokenizer_json in (changed(unk_token=SPECIAL), changed(byte_fallback=True), changed(dropout=0.0)):
        assert why_not(tokenizer_json) is None
        Both(json.loads(tokenizer_json)).check(corpus_texts(20))


def test_strings_made_to_break_software():
    texts = json.loads(shared("hostile/blns.json").read_text())
    for pattern in NAMES:
        both(pattern).check(texts)


def real_tokenizers() -> Iterator[Both]:
    """Those of the shared data, without what is not covered: a normaliser, and runs of blanks as added tokens."""
    for name in ("gpt-neo-test-tokenizer", "torchtune_tiny_bpe_tokenizer"):
        parts = json.loads(shared(f"models/{name}.json").read_text())
        parts["added_tokens"] = [token for token in parts["added_tokens"] if token["special"]]
        yield Both(parts | {"normalizer": None})


def real_texts(path: Path) -> Iterator[list[str]]:
    """Batches of some megabytes."""
    batch: list[str] = []
    rows = (row.get("text") for row in read_jsonl(path))
    for text in rows:
        if isinstance(text, str):
            batch.append(text.encode(errors="replace").decode())
        if len(batch) == 500:
            yield batch
            batch = []
    yield batch


REAL = ("corpus/multilang_news", "corpus/20news-bydate-train", "lang/udhr", "corpus/classic_books")


@pytest.mark.slow
@pytest.mark.parametrize("name", REAL)
def test_real_documents(name):
    encoders = list(real_tokenizers())
    for batch in real_texts(shared(f"{name}.jsonl.zst")):
        for encoder in encoders:
            encoder.check(batch)
