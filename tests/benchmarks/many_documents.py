"""Millions of short documents, made by expanding real text with seeded edits; any one of them can be made on its own.

Document d of kind d % 10, 0 to 7: 50 to 150 words in a row from somewhere in real posts and news, a quarter of them
replaced by other words of the same corpora, so that no two come from the same lines. Of kind 8: such a document with
up to 4 % of its words replaced once more. Of kind 9: such a document as it is. Numbers come from a hash of the document
and the place of the word, nothing from a sequence, so every shard is the same whatever was made before.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tests.benchmarks.bench_near_dedup import SOME, corpus

UInt64 = npt.NDArray[np.uint64]
LEAST_WORDS, MORE_WORDS = 50, 101
REPLACED, REPLACED_AGAIN = 0.25, 0.04


class ManyDocuments:
    """`count` documents, a multiple of 10."""

    def __init__(self, count: int) -> None:
        words = pc.utf8_split_whitespace(pa.array(corpus(SOME))).flatten()
        coded = words.filter(pc.less_equal(pc.binary_length(words), 30)).dictionary_encode()
        self.count = count
        self._pool, self._vocabulary = coded.indices.to_numpy(), coded.dictionary

    def shards(self, rows: int) -> Iterator[pa.Array]:
        """Texts of `rows` documents at a time."""
        for first in range(0, self.count, rows):
            yield self.texts(np.arange(first, min(first + rows, self.count), dtype=np.uint64))

    def texts(self, document_D: UInt64) -> pa.Array:
        """Texts of any documents, in the order given."""
        kind_D = document_D % np.uint64(10)
        other_D = _hash(document_D, 1) % np.uint64(self.count // 10) * np.uint64(10) + _hash(document_D, 2) % np.uint64(
            8
        )
        origin_D = np.where(kind_D < 8, document_D, other_D)
        size_D = (LEAST_WORDS + _hash(origin_D, 3) % np.uint64(MORE_WORDS)).astype(np.int64)
        at_D1 = np.append(0, np.cumsum(size_D))
        row_W = np.repeat(np.arange(document_D.size), size_D)
        place_W = (np.arange(at_D1[-1]) - at_D1[row_W]).astype(np.uint64)
        pool = np.uint64(self._pool.size)
        word_W = self._pool[(_hash(origin_D, 4)[row_W] + place_W) % pool]
        random_W = _hash(_hash(origin_D, 5)[row_W] + place_W, 6)
        word_W = np.where(_share(random_W) < REPLACED, self._pool[_hash(random_W, 7) % pool], word_W)
        again_D = np.where(kind_D == 8, _share(_hash(document_D, 8)) * REPLACED_AGAIN, 0.0)
        random_W = _hash(_hash(document_D, 9)[row_W] + place_W, 10)
        word_W = np.where(_share(random_W) < again_D[row_W], self._pool[_hash(random_W, 11) % pool], word_W)
        words = self._vocabulary.take(pa.array(word_W))
        return pc.binary_join(pa.ListArray.from_arrays(pa.array(at_D1.astype(np.int32)), words), " ")


def _hash(x: UInt64, salt: int) -> UInt64:
    """splitmix64 of x, another one for each salt."""
    h = x + np.uint64(salt * 0x9E3779B97F4A7C15 % 2**64)
    h = (h ^ (h >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    h = (h ^ (h >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return h ^ (h >> np.uint64(31))


def _share(x: UInt64) -> npt.NDArray[np.float64]:
    """A hash as a number in [0, 1)."""
    return (x >> np.uint64(11)) * 2.0**-53
