"""The mean of the rows that a fastText model has for a text: what its labels are then computed from.

Documents are read in blocks of tokens. Each word that is not known yet is added up once (`fasttext_rows`), then the
sums are added to their documents in the order of the text: no sum depends on where a block or a batch begins, nor on
which words are known.

Shapes: D = documents in the batch, B = UTF-8 bytes of all documents end to end, N = numbers per row, E = edges of
tokens, W = tokens of a block, V = words, M = words of a block that were not known, G = longest run of words less one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from pipeline.kernels.fasttext_buckets import has_row, place_of
from pipeline.kernels.fasttext_rows import END, EOS_IN_TEXT, WORD, InputRows, token_hashes, token_sums
from pipeline.kernels.fasttext_tokens import EDGES_AT_ONCE, read_edges
from pipeline.kernels.fasttext_vectors import add_rows, aligned
from pipeline.kernels.fasttext_words import KnownWords, keep, no_words, number_tokens, token_room
from pipeline.kernels.leaf import leaf
from pipeline.kernels.words import Bytes, Int32

BLOCK_TOKENS = 1 << 12
NGRAM_FACTOR = 116049371  # dictionary.cc, addWordNgrams

Float32 = npt.NDArray[np.float32]
Int64 = npt.NDArray[np.int64]


class MeanRows:
    """`mean_rows` by one model, with the words of earlier batches known. Threads may share it."""

    def __init__(self, model: InputRows) -> None:
        self._model = model
        if model.kept_K.size:  # few rows, that a copy may be made of
            rows_RN = aligned(model.rows_RN.shape, np.float32)
            rows_RN[:] = model.rows_RN
            rows_RN.flags.writeable = False
            self._model = model._replace(rows_RN=rows_RN)
        self._spare: list[KnownWords] = []

    def __call__(self, text_B: Bytes, offsets_D1: Int32) -> tuple[Float32, Int64]:
        """(mean_DN, num_D) of a batch."""
        try:
            words = self._spare.pop()  # each call has its own while it lasts
        except IndexError:
            words = no_words(self._model)
        means = mean_rows(text_B, offsets_D1, self._model, words)
        self._spare.append(words)
        return means


def mean_rows(
    text_B: Bytes, offsets_D1: Int32, model: InputRows, words: KnownWords | None = None
) -> tuple[Float32, Int64]:
    """Return (mean_DN, num_D): the mean row of each document, and of how many rows it is; zeros where of none.

    A document's last token is </s>, its own or the one that the line feed of `fasttext.predict` stands for.
    words: of this model; more are known afterwards.
    """
    return _mean_rows(text_B, offsets_D1, model, no_words(model) if words is None else words)


@njit(cache=True, nogil=True)
def _mean_rows(text_B, offsets_D1, model, words):
    num_docs, dim = offsets_D1.size - 1, model.rows_RN.shape[1]
    has_runs, end_rows = model.word_ngrams > 1 and model.num_buckets > 0, np.int64(model.eos >= 0)
    sum_DN, num_D = np.zeros((num_docs, dim), np.float32), np.zeros(num_docs, np.int64)
    run_sum_DN = np.zeros((num_docs if has_runs else 0, dim), np.float32)
    edges_E = np.empty(2 * BLOCK_TOKENS + EDGES_AT_ONCE, np.int32)
    room = token_room(BLOCK_TOKENS, words.sum_VN.shape[0] - words.text_VC.shape[0])
    runs_G = np.empty(model.word_ngrams, np.uint64)
    d, at, doc, run_doc = np.int64(0), np.int64(offsets_D1[0]), np.int64(0), np.int64(0)
    is_over, num_runs, num_edges = False, np.int64(0), np.int64(0)
    while d < num_docs:
        d, at, num_edges = read_edges(text_B, offsets_D1, d, at, edges_E, num_edges)
        e = np.int64(0)
        while e + 1 < num_edges:
            e, num, num_new = number_tokens(text_B, edges_E[:num_edges], e, words, room)
            _add_words(text_B, room, num_new, model, words, has_runs)
            token_W = room.token_W[:num]
            doc, is_over = _add_tokens(token_W, words.sum_VN, words.rows_V, end_rows, doc, is_over, sum_DN, num_D)
            if has_runs:
                run_doc, num_runs = _add_word_runs(
                    token_W, words.hash_V, words.rows_V, model, runs_G, run_doc, num_runs, run_sum_DN, num_D
                )
        edges_E[0] = edges_E[num_edges - 1]  # where the token begins that goes on
        num_edges &= 1
    _divide(sum_DN, run_sum_DN, num_D)
    return sum_DN, num_D


@njit(cache=True, nogil=True)
def _add_words(text_B, room, num_new, model, words, has_runs):
    """Write what the model adds up for the new words, and keep it."""
    first, last = words.text_VC.shape[0], words.text_VC.shape[0] + num_new
    starts_Q, ends_Q, kind_Q, rows_Q = (
        room.starts_Q[:num_new],
        room.ends_Q[:num_new],
        room.kind_Q[:num_new],
        words.rows_V[first:last],
    )
    token_sums(text_B, starts_Q, ends_Q, room.key_Q2[:num_new], model, words.sum_VN[first:last], rows_Q, kind_Q)
    for q in range(num_new):
        if kind_Q[q] != WORD:
            rows_Q[q] = -np.int32(kind_Q[q])
    if has_runs:
        token_hashes(text_B, starts_Q, ends_Q, words.hash_V[first:last])
    keep(words, room.place_Q, num_new)


@njit(cache=True, nogil=True)
def _divide(sum_DN, run_sum_DN, num_D):
    """Make means of sums, in place; run_sum_DN has no rows where the model has no runs of words."""
    for d in range(num_D.size):
        share = np.float32(1.0 / max(num_D[d], 1))
        for n in range(sum_DN.shape[1]):
            if run_sum_DN.size:
                sum_DN[d, n] += run_sum_DN[d, n]
            sum_DN[d, n] *= share


@leaf
def _add_tokens(token_W, sum_VN, rows_V, end_rows, d, is_over, sum_DN, num_D):
    """Add the tokens' sums to their documents, from d on: (document, whether it met </s>).

    Tokens that do not count, labels and those behind </s>, become -1.
    """
    num_rows, first = 0, 0
    for w in range(token_W.size):
        rows = rows_V[np.uint64(token_W[w])]
        if rows >= 0 and not is_over:
            num_rows += rows
            continue
        is_end = rows == -END
        add_rows(sum_DN, d, sum_VN, token_W, first, w + is_end)
        first = w + 1
        if is_end:
            num_D[d] += num_rows + end_rows
            num_rows, d, is_over = 0, d + 1, False
        else:
            token_W[w], is_over = -1, is_over or rows == -EOS_IN_TEXT
    if d < num_D.size:  # the document goes on
        add_rows(sum_DN, d, sum_VN, token_W, first, token_W.size)
        num_D[d] += num_rows
    return d, is_over


@njit(cache=True, nogil=True)
def _add_word_runs(token_W, hash_V, rows_V, model, runs_G, d, num_runs, run_sum_DN, num_D):
    """Add the rows of runs of 2 to `word_ngrams` words, from document d on: (document, runs that may go on).

    runs_G: hashes of the runs that end in the last word, the longest first.
    """
    kept_K, before_K, rows_RN = model.kept_K, model.before_K, model.rows_RN
    num_buckets, most_runs = np.uint64(model.num_buckets), model.word_ngrams - 1
    for w in range(token_W.size):
        v = token_W[w]
        if v < 0:
            continue
        h = np.uint64(np.int32(hash_V[v]))  # its sign goes with it
        for g in range(num_runs):
            runs_G[g] = runs_G[g] * np.uint64(NGRAM_FACTOR) + h
            bucket = runs_G[g] % num_buckets
            if kept_K.size == 0 or has_row(bucket, kept_K):
                num_D[d] += 1
                row = place_of(bucket, kept_K, before_K)
                for n in range(rows_RN.shape[1]):
                    run_sum_DN[d, n] += rows_RN[row, n]
        if num_runs == most_runs:
            for g in range(1, num_runs):
                runs_G[g - 1] = runs_G[g]
            num_runs -= 1
        runs_G[num_runs] = h
        num_runs += 1
        if rows_V[v] == -END:
            d, num_runs = d + 1, 0
    return d, num_runs
