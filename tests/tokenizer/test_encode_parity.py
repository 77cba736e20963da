"""Ids of kernels beside those of the library: real documents in all languages, and files made to break things.

The tokenizers are trained here, by four split patterns; one has a normaliser, and one has tokens added beside
the merges. Special tokens are read as text and as tokens.
"""

import itertools
import time
from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
import pytest
from tokenizers import AddedToken, Tokenizer, normalizers

from tests.oracles.pretokens import buffers
from tests.shared_data import shared
from tests.tokenizer.corpus import texts as corpus_texts
from tests.tokenizer.test_pretokenize import real_files, texts_of
from tokenizer.bpe_train import train_from_counts
from tokenizer.encode import Encoder
from tokenizer.pretoken_counts import PretokenCounts

SPECIALS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
HOSTILE_FILES = ("hostile/blns.json", "hostile/blns.txt", "hostile/UTF-8-test.txt", "hostile/utf8tests.txt")
LEARNT_FROM = ("corpus/multilang_news.jsonl.zst", "corpus/classic_books.jsonl.zst", "lang/udhr.jsonl.zst")
KINDS = {"gpt2": 8_000, "llama3": 32_000, "o200k": 32_000, "qwen2": 8_000}
BATCH_CHARS = 2_000_000


class Pair:
    """A tokenizer in the library and in ours."""

    def __init__(self, kind: str, texts: Sequence[str], vocab_size: int) -> None:
        counts = PretokenCounts()
        counts.add_texts(*buffers(texts), kind)
        trained = train_from_counts(*counts.table(), vocab_size=vocab_size, pattern=kind, special_tokens=SPECIALS)
        self.library: Tokenizer = Tokenizer.from_str(trained.to_str())
        self.is_reversible = kind != "qwen2"
        if kind == "qwen2":
            self.library.normalizer = normalizers.NFC()
        if kind == "o200k":
            self.library.add_tokens([AddedToken("\t\t", normalized=False), "the end"])
        self.ours = Encoder(self.library.to_str().encode(), eos=SPECIALS[0], pad=None)
        assert self.ours.why_library is None

    def check(self, texts: Sequence[str]) -> None:
        """The library encodes texts without a special token once: it has no two ways to read them."""
        as_text = self.by_library(texts, reads_specials=False)
        special_D = [any(special in text for special in SPECIALS) for text in texts]
        read = iter(self.by_library(list(itertools.compress(texts, special_D)), reads_specials=True))
        as_tokens = [next(read) if special else ids for special, ids in zip(special_D, as_text, strict=True)]
        for reads_specials, theirs in ((False, as_text), (True, as_tokens)):
            ids_T, bounds_D1 = self.ours.encode_bytes(*buffers(texts), reads_specials=reads_specials)
            ours = [ids_T[a:b].tolist() for a, b in itertools.pairwise(bounds_D1)]
            for text, mine, other in zip(texts, ours, theirs, strict=True):
                assert mine == other, text[:200]
        if self.is_reversible:
            assert self.library.decode_batch(as_text, skip_special_tokens=False) == list(texts)
            of_tokens = self.library.decode_batch(list(itertools.compress(as_tokens, special_D)), False)
            assert of_tokens == list(itertools.compress(texts, special_D))

    def by_library(self, texts: Sequence[str], *, reads_specials: bool) -> list[list[int]]:
        self.library.encode_special_tokens = not reads_specials
        return [one.ids for one in self.library.encode_batch_fast(list(texts), add_special_tokens=False)]


@cache
def small(kind: str) -> Pair:
    return Pair(kind, corpus_texts(), 1_000)


def with_specials(texts: Sequence[str]) -> list[str]:
    """The texts, and some with special tokens in them."""
    return [*texts, *(f"{text}{special}\n{special} end" for text, special in zip(texts, itertools.cycle(SPECIALS)))]


@pytest.mark.parametrize("kind", KINDS)
def test_texts_and_special_tokens_in_them(kind):
    small(kind).check(with_specials(["", " ", "e\u0301", "\t\t\tthe end", *corpus_texts(40)]))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", HOSTILE_FILES)
def test_files_made_to_break_software(name, kind):
    small(kind).check(with_specials(texts_of(shared(name))))


@pytest.mark.parametrize("kind", KINDS)
def test_some_documents_of_many_languages(kind):
    texts = texts_of(shared("lang/udhr.jsonl.zst"))
    small(kind).check([text[:400] for text in texts[:: len(texts) // 150]])


def batches(texts: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    for text in texts:
        batch.append(text)
        if sum(map(len, batch[-1000:])) > BATCH_CHARS or len(batch) == 1000:
            yield batch
            batch = []
    yield batch


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_real_document(kind):
    """Some ten minutes a tokenizer, nearly all of it the library's."""
    names = [*real_files(), *HOSTILE_FILES]
    assert len(names) > 40
    learnt = [text for name in LEARNT_FROM for text in texts_of(shared(name))]
    pair = Pair(kind, learnt, KINDS[kind])
    assert pair.ours.vocab_size >= KINDS[kind]
    for name in names:
        for batch in batches(texts_of(shared(name))):
            pair.check(batch)
    assert pair.ours.num_by_library < 0.2 * 2 * sum(len(texts_of(shared(name))) for name in names)


HOSTILE = {"letters": "abthemil" * 7 + "x", "emoji": "😀👩🏽‍👩", "han": "麦粉日本語彙", "blanks": "  \t", "equals": "="}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["gpt2", "o200k"])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_document_of_20_megabytes_takes_20_times_as_long_as_one(name, kind):
    """And so does its share of time: nothing is quadratic in the text, whatever it is made of."""
    encoder, taken = small(kind).ours, []
    rng = np.random.default_rng(0)
    unit = "".join(rng.permutation(list(HOSTILE[name] * 100)).tolist())
    for num_bytes in (1_000_000, 20_000_000):
        text = buffers([unit * (num_bytes // len(unit.encode()))])
        encoder.encode_bytes(*text)
        began = time.process_time()
        ids_T, _ = encoder.encode_bytes(*text)
        taken.append((time.process_time() - began) / text[0].size)
        assert 0 < ids_T.size <= text[0].size
    print(f"{name}: {1e-6 / taken[0]:.0f} and {1e-6 / taken[1]:.0f} MB/s")
    assert taken[1] < 5 * taken[0]
