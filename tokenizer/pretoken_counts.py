"""Distinct pretokens of texts and how often each occurs, exactly: what a tokenizer is trained from.

Tables of parts of a corpus are joined by adding the words of one to another. Memory follows the distinct words: their
bytes, 16 bytes a word, and 16 a slot of a table that is at most half full.

Shapes: B = bytes of the texts, D = documents, A = bytes of the distinct words end to end, W = distinct words.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from tokenizer.pretokenize import pretokens

SPACES = "spaces"  # the pattern of `tokenizer.space_words`
_TEXT_BYTES_AT_ONCE = 1 << 22  # the ends of pretokens take 8 bytes a byte of text at most

Number = TypeVar("Number", bound=np.generic)

_NO_TIMES = np.empty(0, np.int64)


class PretokenCounts:
    """Counts of words, to add to; the words keep the order in which they were met."""

    def __init__(self, num_words: int = 1 << 12) -> None:
        """`num_words` is how many distinct words there is room for at first."""
        self._word_A = np.empty(8 * num_words, np.uint8)
        self._ends_W = np.empty(num_words, np.int64)
        self._counts_W = np.empty(num_words, np.int64)
        self._slots_S2 = np.zeros((1 << (2 * num_words - 1).bit_length(), 2), np.uint64)
        self._used = np.zeros(2, np.int64)  # words, and their bytes

    def add_texts(
        self, text_B: npt.NDArray[np.uint8], offsets_D1: npt.NDArray[np.signedinteger], pattern: str, times: int = 1
    ) -> None:
        """Count the pretokens of documents text_B[offsets_D1[d]:offsets_D1[d + 1]], each `times` times.

        `pattern` is a name of `tokenizer.pretokenize.PATTERNS` or SPACES; another raises ValueError.
        """
        first, last = 0, offsets_D1.size - 1
        while first < last:
            begin = int(offsets_D1[first])
            upto = int(np.searchsorted(offsets_D1, begin + _TEXT_BYTES_AT_ONCE, side="right")) - 1
            upto = min(max(upto, first + 1), last)
            ends_P = _word_ends(text_B, offsets_D1[first : upto + 1], pattern)
            times_P = _NO_TIMES if times == 1 else np.full(ends_P.size, times, np.int64)
            self._add(text_B, begin, ends_P, times_P)
            first = upto

    @property
    def num_bytes(self) -> int:
        """Memory of the words and their table."""
        return sum(one.nbytes for one in (self._word_A, self._ends_W, self._counts_W, self._slots_S2))

    def add_words(
        self, word_B: npt.NDArray[np.uint8], offsets_W1: npt.NDArray[np.int64], counts_W: npt.NDArray[np.int64]
    ) -> None:
        """Add words with their counts, as `table` gives them; words may repeat."""
        self._add(word_B, int(offsets_W1[0]), offsets_W1[1:].astype(np.int64), counts_W.astype(np.int64))

    def table(self) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """(word_A, offsets_W1, counts_W): word w is word_A[offsets_W1[w]:offsets_W1[w + 1]]. Copies."""
        num_words, num_bytes = self._used
        offsets_W1 = np.concatenate((np.zeros(1, np.int64), self._ends_W[:num_words]))
        return self._word_A[:num_bytes].copy(), offsets_W1, self._counts_W[:num_words].copy()

    def _add(
        self, text_B: npt.NDArray[np.uint8], begin: int, ends_P: npt.NDArray[np.int64], times_P: npt.NDArray[np.int64]
    ) -> None:
        from tokenizer.pretoken_counts_kernels import count_words  # Numba, at first use

        text_B = text_B.view()
        text_B.flags.writeable = False  # one compiled kernel, whatever the array is
        while True:
            table = (self._slots_S2, self._word_A, self._ends_W, self._counts_W, self._used)
            done = count_words(text_B, begin, ends_P, times_P, *table)
            if done == ends_P.size:
                return
            begin = int(ends_P[done - 1]) if done else begin
            self._grow(int(ends_P[done]) - begin)
            ends_P, times_P = ends_P[done:], times_P[done:]

    def _grow(self, word_bytes: int) -> None:
        """Room for twice as much of what is full, and a word of so many bytes at least."""
        from tokenizer.pretoken_counts_kernels import fill_slots

        num_words, num_bytes = (int(number) for number in self._used)
        if num_bytes + word_bytes > self._word_A.size:
            self._word_A = _longer(self._word_A, num_bytes, max(2 * num_bytes, num_bytes + word_bytes))
        if num_words == self._counts_W.size:
            self._ends_W = _longer(self._ends_W, num_words, 2 * num_words)
            self._counts_W = _longer(self._counts_W, num_words, 2 * num_words)
        if 2 * (num_words + 1) > self._slots_S2.shape[0]:
            self._slots_S2 = np.zeros((2 * self._slots_S2.shape[0], 2), np.uint64)
            fill_slots(self._slots_S2, self._word_A, self._ends_W, num_words)


def word_partitions(
    word_A: npt.NDArray[np.uint8], offsets_W1: npt.NDArray[np.int64], num_partitions: int
) -> npt.NDArray[np.int64]:
    """The partition of each word, 0 to num_partitions - 1: a hash of its bytes, so that equal words share one."""
    from tokenizer.pretoken_counts_kernels import partitions_of_words

    word_A = word_A.view()
    word_A.flags.writeable = False
    partition_W: npt.NDArray[np.int64] = partitions_of_words(word_A, offsets_W1.astype(np.int64), num_partitions)
    return partition_W


def _word_ends(
    text_B: npt.NDArray[np.uint8], offsets_D1: npt.NDArray[np.signedinteger], pattern: str
) -> npt.NDArray[np.int64]:
    if pattern != SPACES:
        return pretokens(text_B, offsets_D1, pattern)[0]
    from tokenizer.space_words import space_word_ends

    text_B = text_B.view()
    text_B.flags.writeable = False
    ends_P: npt.NDArray[np.int64] = space_word_ends(text_B, offsets_D1.astype(np.int64))
    return ends_P


def _longer(array: npt.NDArray[Number], used: int, size: int) -> npt.NDArray[Number]:
    longer = np.empty(size, array.dtype)
    longer[:used] = array[:used]
    return longer
