"""Sums of log probabilities over the words of each document, many documents side by side.

The next step of a text can't be looked up before the one before it is known, and in a large table each look-up waits
for memory. So as many documents as there are lanes go on in turns: first every lane asks for its slot, then every lane
uses what came. Each document's terms are added in its own order, so its sum does not depend on its neighbours.

Shapes: D = documents in the batch, P = words and ends of sentences, L = lanes; of the model see `ngram_table`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pipeline.kernels.ngram_table import find_step, slot_of_step, step_key

LANES = 16
LANE = np.dtype(
    [
        ("document", np.int64),
        ("at", np.int64),  # index of `word`
        ("stop", np.int64),
        ("state", np.int64),
        ("word", np.int64),
        ("slot", np.int64),
        ("found", np.uint64),  # the key in that slot
        ("total", np.float64),
        ("gain", np.float64),
    ]
)
END_OF_SENTENCE = -1


@njit(cache=True, nogil=True)
def log10_sums(words_P, offsets_D1, steps_T, first_V, states_S, begin, end):
    """(log10_D, gain_D) of the documents, float64; END_OF_SENTENCE is the word `end`, then a fresh start.

    log10_D: log10 probability. gain_D: by how much that is above the sum of log10 p(word | the one word before it), so
    0 for a model of order 2. Each sentence starts in the state behind the word `begin`. A document has no words, or
    ends with END_OF_SENTENCE.

    A word gains where its history has two words or more: the weights paid until one is left, or, where an n-gram is
    found before that, what its probability is above the pair's.
    """
    log10_D, gain_D = np.zeros(offsets_D1.size - 1, np.float64), np.zeros(offsets_D1.size - 1, np.float64)
    start, longest_word = np.int64(first_V[begin].state), first_V.size  # states above it have two words or more
    lanes_L = np.zeros(LANES, LANE)
    num_lanes = document = 0
    while True:
        num_lanes, document = _fill_lanes(lanes_L, num_lanes, document, words_P, offsets_D1, start, end)
        if num_lanes == 0:
            return log10_D, gain_D
        for i in range(num_lanes - 1, -1, -1):
            lane = lanes_L[i]
            lane.slot = slot_of_step(step_key(lane.state, lane.word), steps_T.size)
            lane.found = steps_T[lane.slot].key
        for i in range(num_lanes - 1, -1, -1):  # what was asked for first; one that moves down has had its turn
            lane = lanes_L[i]
            slot, found, key = lane.slot, lane.found, step_key(lane.state, lane.word)
            while found != key and found != 0:
                slot = slot + 1 if slot + 1 < steps_T.size else np.int64(0)
                found = steps_T[slot].key
            if found != 0:
                lane.total += steps_T[slot].log10
                if lane.state > longest_word:
                    pair = _pair_log10(np.int64(words_P[lane.at - 1]), lane.word, steps_T, first_V, states_S)
                    lane.gain += steps_T[slot].log10 - pair
                state = np.int64(steps_T[slot].state)
            else:
                lane.total += states_S[lane.state].backoff
                lane.gain += states_S[lane.state].backoff if lane.state > longest_word else 0.0
                lane.state = states_S[lane.state].shorter
                if lane.state != 0:
                    continue
                lane.total += first_V[lane.word].log10
                state = np.int64(first_V[lane.word].state)
            at = lane.at + 1
            state = start if words_P[at - 1] == END_OF_SENTENCE else state
            while at < lane.stop and state == 0:  # without history there is nothing to look up
                word = _word(words_P[at], end)
                lane.total += first_V[word].log10
                state = start if words_P[at] == END_OF_SENTENCE else np.int64(first_V[word].state)
                at += 1
            if at < lane.stop:
                lane.at, lane.word, lane.state = at, _word(words_P[at], end), state
                continue
            log10_D[lane.document], gain_D[lane.document] = lane.total, lane.gain
            num_lanes -= 1
            lanes_L[i] = lanes_L[num_lanes]


@njit(cache=True, nogil=True)
def _fill_lanes(lanes_L, num_lanes, document, words_P, offsets_D1, start, end):
    """(lanes in use, the next document) once every lane has a document, or there is none left."""
    while num_lanes < LANES and document < offsets_D1.size - 1:
        lane = lanes_L[num_lanes]
        lane.document, lane.state = document, start
        lane.total = lane.gain = 0.0
        lane.at, lane.stop = offsets_D1[document], offsets_D1[document + 1]
        if lane.at < lane.stop:
            lane.word = _word(words_P[lane.at], end)
            num_lanes += 1
        document += 1
    return num_lanes, document


@njit(cache=True, nogil=True, inline="always")
def _word(number, end):
    return np.int64(end) if number == END_OF_SENTENCE else np.int64(number)


@njit(cache=True, nogil=True, inline="always")
def _pair_log10(before, word, steps_T, first_V, states_S):
    """log10 probability of a word after one other."""
    slot = find_step(steps_T, before + 1, word)
    if steps_T[slot].key != 0:
        return np.float64(steps_T[slot].log10)
    backoff = states_S[before + 1].backoff if before + 1 < states_S.size else np.float32(0)
    return np.float64(backoff) + np.float64(first_V[word].log10)
