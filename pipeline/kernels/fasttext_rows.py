"""What a fastText model adds up for a token: its own row if the dictionary has it, and those of its runs of characters.

Shapes: V = tokens, N = numbers per row, R = rows, E = dictionary entries, A = bytes of the model file, S = slots,
K = pieces of 64 buckets.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from pipeline.kernels.fasttext_subwords import add_subwords
from pipeline.kernels.fasttext_tokens import EOS, NO_TEXT_KEY, is_label, token_hash, token_key
from pipeline.kernels.fasttext_vectors import add_row
from pipeline.kernels.hashing import MULTIPLIER, slot_of, table_bits
from pipeline.kernels.leaf import leaf

Bytes = npt.NDArray[np.uint8]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
UInt64 = npt.NDArray[np.uint64]
Float32 = npt.NDArray[np.float32]

WORD, END, LABEL, EOS_IN_TEXT = range(4)  # kinds of token; those up to END are added
_EOS_OWN, _EOS_LENGTH = int.from_bytes(EOS, "little"), len(EOS) << 56  # token_key of </s>; that of no bytes is 0, 0
_EOS_HASH = 3617362777  # fastText's hash of </s>


class InputRows(NamedTuple):
    """The half of a model that reads text.

    file_A: the model file; entry e of the dictionary is file_A[starts_E[e]:ends_E[e]], the first `num_words` are words,
    the others labels; `eos` is </s>, or -1. key_E2: their `token_key`. entry_S: entries by it, -1 where free; S is a
    power of two. chars: (fewest, most) of a run of characters, most 0 where there are none. word_ngrams: words in the
    longest run. kept_K, before_K: of a pruned model, see `kept_buckets`; else empty. words_RN: rows of the entries.
    rows_RN: rows of the buckets, or of those that are kept.
    """

    file_A: Bytes
    starts_E: Int64
    ends_E: Int64
    key_E2: UInt64
    entry_S: Int32
    num_words: int
    eos: int
    chars: tuple[int, int]
    word_ngrams: int
    num_buckets: int
    kept_K: UInt64
    before_K: Int32
    words_RN: Float32
    rows_RN: Float32


def slots_of_entries(file_A: Bytes, starts_E: Int64, ends_E: Int64) -> tuple[UInt64, Int32]:
    """(key_E2, entry_S) of a dictionary."""
    key_E2 = np.empty((starts_E.size, 2), np.uint64)
    entry_S = np.full(1 << table_bits(2 * starts_E.size), -1, np.int32)  # most words are not there: few slots are full
    _enter(file_A, starts_E, ends_E, key_E2, entry_S)
    return key_E2, entry_S


@njit(cache=True, nogil=True, inline="always")
def slot_of_key(own, rest, bits):
    """A slot below 2**bits for a `token_key`."""
    return slot_of(own ^ rest * np.uint64(MULTIPLIER), bits)


@njit(cache=True, nogil=True)
def entry_spans(file_A, at, num_entries):
    """(starts_E, ends_E, index behind the dictionary) of entries from `at`; -1 where the file ends too early.

    An entry is its text, NUL, int64 count and int8 type.
    """
    starts_E, ends_E = np.empty(num_entries, np.int64), np.empty(num_entries, np.int64)
    for e in range(num_entries):
        starts_E[e] = at
        while at < file_A.size and file_A[at] != 0:
            at += 1
        ends_E[e] = at
        at += 10
        if at > file_A.size:
            at = -1
            break
    return starts_E, ends_E, at


@njit(cache=True, nogil=True)
def _enter(file_A, starts_E, ends_E, key_E2, entry_S):
    bits, mask = table_bits(entry_S.size >> 1), entry_S.size - 1
    for e in range(starts_E.size):
        own, rest = token_key(file_A, starts_E[e], ends_E[e])
        slot = slot_of_key(own, rest, bits)
        while entry_S[slot] >= 0:
            slot = (slot + 1) & mask
        key_E2[e, 0], key_E2[e, 1], entry_S[slot] = own, rest, e


@njit(cache=True, nogil=True)
def token_sums(text_B, starts_V, ends_V, key_V2, model, sum_VN, num_V, kind_V):
    """Write the sum of each token's rows to sum_VN, of how many to num_V, and its kind. key_V2: their `token_key`.

    A token of no bytes ends a document. No sum depends on which tokens stand beside it.
    """
    entry_V = _entries(text_B, starts_V, ends_V, key_V2, model)
    for v in range(starts_V.size):
        start, entry = np.int64(starts_V[v]), entry_V[v]
        kind = WORD
        if start == ends_V[v]:
            kind, entry_V[v] = END, model.eos
        elif key_V2[v, 0] == np.uint64(_EOS_OWN) and key_V2[v, 1] == np.uint64(_EOS_LENGTH):
            kind = EOS_IN_TEXT
        elif entry >= model.num_words or (
            entry < 0 and text_B[start] == ord("_") and is_label(text_B, start, np.int64(ends_V[v]))
        ):
            kind, entry_V[v] = LABEL, -1
        kind_V[v] = kind
    _write_own_rows(entry_V, model.words_RN, sum_VN, num_V)
    if model.chars[1] > 0 and model.num_buckets > 0:
        add_subwords(
            *(text_B, starts_V, ends_V, kind_V == WORD, model.chars, model.num_buckets),
            *(model.kept_K, model.before_K, model.rows_RN, sum_VN, num_V),
        )


@njit(cache=True, nogil=True)
def _entries(text_B, starts_V, ends_V, key_V2, model):
    """Each token's entry in the dictionary, -1 where there is none."""
    file_A, starts_E, ends_E, key_E2, entry_S = model.file_A, model.starts_E, model.ends_E, model.key_E2, model.entry_S
    entry_V, slot_V, other_V = (
        np.empty(starts_V.size, np.int32),
        np.empty(starts_V.size, np.uint32),
        np.empty(starts_V.size + 1, np.int32),
    )
    num_others = _first_entries(key_V2, key_E2, entry_S, slot_V, entry_V, other_V)
    mask = entry_S.size - 1
    for v in other_V[:num_others]:
        slot, own, rest = np.int64(slot_V[v]), key_V2[v, 0], key_V2[v, 1]
        entry = np.int64(entry_S[slot])
        while entry >= 0 and not (
            key_E2[entry, 0] == own
            and key_E2[entry, 1] == rest
            and (
                rest < np.uint64(NO_TEXT_KEY)
                or _same(file_A, starts_E[entry], ends_E[entry], text_B, np.int64(starts_V[v]), np.int64(ends_V[v]))
            )
        ):
            slot = (slot + 1) & mask
            entry = np.int64(entry_S[slot])
        entry_V[v] = entry
    return entry_V


@leaf
def _first_entries(key_V2, key_E2, entry_S, slot_V, entry_V, other_V):
    """Write the entries in the tokens' first slots; write which tokens may have another one, and return how many."""
    bits, others = table_bits(entry_S.size >> 1), 0
    for v in range(slot_V.size):
        slot_V[v] = slot_of_key(key_V2[v, 0], key_V2[v, 1], bits)
    for v in range(slot_V.size):
        entry = entry_S[np.uint64(slot_V[v])]
        entry_V[v] = entry
        other_V[others] = v
        own, rest = key_V2[v, 0], key_V2[v, 1]
        others += (entry >= 0) & (
            (key_E2[entry, 0] != own) | (key_E2[entry, 1] != rest) | (rest >= np.uint64(NO_TEXT_KEY))
        )
    return others


@leaf
def _write_own_rows(entry_V, words_RN, sum_VN, num_V):
    sum_VN[:] = 0
    for v in range(entry_V.size):
        num_V[v] = entry_V[v] >= 0
        if entry_V[v] >= 0:
            add_row(sum_VN, np.int64(v), words_RN, np.int64(entry_V[v]))


@leaf
def _same(file_A, begin, stop, text_B, start, end):
    if stop - begin != end - start:
        return False
    while begin < stop and file_A[begin] == text_B[start]:
        begin, start = begin + 1, start + 1
    return begin == stop


@njit(cache=True, nogil=True)
def token_hashes(text_B, starts_V, ends_V, hash_V):
    """Write fastText's hash of each token; the end of a document has that of </s>."""
    for v in range(starts_V.size):
        start, end = np.int64(starts_V[v]), np.int64(ends_V[v])
        hash_V[v] = token_hash(text_B, start, end) if end > start else np.uint32(_EOS_HASH)
