"""Who stays of near-duplicates: documents in rank order, each against the kept ones before it, in two rounds.

A document that goes would have nominated others. So its keeper stands in its buckets from then on, and in the second
round from the start: else what shares a bucket only with a document that is gone would meet nobody. Chains nominate,
but never decide: every removal is a verified edge with a document that stays.

Shapes: R = documents in rank order, best first; K = buckets; M = members of all buckets; U = elements of all sets.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from pipeline.kernels.jaccard import least_overlap, least_share, overlap_at_least

NO_CONTAINMENT = -1.0
Int64 = npt.NDArray[np.int64]


class Sets(NamedTuple):
    """The shingle set of document r is set_U[starts_R[r]:ends_R[r]], which is not empty."""

    set_U: npt.NDArray[np.uint64]
    starts_R: Int64
    ends_R: Int64


class Places(NamedTuple):
    """Document r stands in the buckets place_M[offsets_R1[r]:offsets_R1[r + 1]]: twice the bucket, and 1 if added."""

    place_M: Int64
    offsets_R1: Int64
    num_buckets: int


class Rule(NamedTuple):
    """The first `num_settled` documents stay; no document goes or stays for the sake of those from `num_own` on."""

    min_jaccard: float
    min_containment: float
    max_representatives: int
    num_settled: int
    num_own: int


class Found(NamedTuple):
    """What `near_duplicate_keepers` returns."""

    keeper_R: Int64
    jaccard_R: npt.NDArray[np.float64]
    made_R: Int64
    skipped_R: Int64
    nearest_R: Int64
    nearest_jaccard_R: npt.NDArray[np.float64]


class Representatives(NamedTuple):
    """Of bucket k, the first standing_K[k] in representative[room_K1[k]:room_K1[k + 1]], or as many as fit."""

    representative: Int64
    is_added: npt.NDArray[np.bool_]
    room_K1: Int64
    standing_K: Int64


@njit(cache=True, nogil=True)
def near_duplicate_keepers(sets, bucket_M, bucket_offsets_R1, num_buckets, is_sampled_R, rule):
    """Return Found of documents in the buckets bucket_M[bucket_offsets_R1[r]:bucket_offsets_R1[r + 1]].

    A document is compared with the kept documents that stand in its buckets, in rank order, the first
    `max_representatives` of each bucket, until one is a verified edge: that one is keeper_R[r], the similarity
    jaccard_R[r]. Without one it is kept: keeper -1, similarity 0. An edge is verified by the Jaccard similarity, or by
    the containment of r in the other where `min_containment` is not NO_CONTAINMENT. In the second round a document
    whose keeper still stays goes without a comparison, and of documents that stayed, pairs of one bucket are not
    compared again.
    made_R counts comparisons; skipped_R, of documents kept, those standing in its buckets that the limit left out, once
    per bucket. Of a document that is_sampled_R says and that is kept, nearest_R is the most similar document that it
    was compared with, the first of those; else -1, similarity 0.
    """
    num_docs = sets.starts_R.size
    found = Found(
        np.full(num_docs, -1, np.int64),
        np.zeros(num_docs, np.float64),
        np.zeros(num_docs, np.int64),
        np.zeros(num_docs, np.int64),
        np.full(num_docs, -1, np.int64),
        np.zeros(num_docs, np.float64),
    )
    places = Places(2 * bucket_M, bucket_offsets_R1, num_buckets)
    _decide_all(sets, places, rule, is_sampled_R, np.zeros(num_docs, np.bool_), found)
    wider = _with_places_of_the_gone(places, found.keeper_R, rule.num_own)
    if wider.place_M.size > places.place_M.size:
        _decide_all(sets, wider, rule, is_sampled_R, found.keeper_R < 0, found)
    return found


@njit(cache=True, nogil=True)
def _decide_all(sets, places, rule, is_sampled_R, has_stayed_R, found):
    """One round, from the keepers in `found`, where a document of has_stayed_R has none."""
    num_docs = sets.starts_R.size
    standing = _room(places, rule.max_representatives)
    seen_by_R, candidate_R = np.full(num_docs, -1, np.int64), np.empty(num_docs, np.int64)
    is_gone_R = np.zeros(num_docs, np.bool_)
    for r in range(num_docs):
        keeper = found.keeper_R[r]
        if r >= rule.num_settled and (keeper < 0 or is_gone_R[keeper]):
            count = _candidates(r, places, standing, has_stayed_R, seen_by_R, candidate_R)
            keeper = _verified(r, np.sort(candidate_R[:count]), sets, rule, is_sampled_R[r], found)
        is_gone_R[r] = keeper >= 0
        if r < rule.num_own:
            _stand(r, keeper, places, standing)
        found.skipped_R[r] = 0
        if r >= rule.num_settled and keeper < 0:
            found.skipped_R[r] = _left_out(r, places, standing, rule)


@njit(cache=True, nogil=True)
def _room(places, max_representatives):
    sizes_K = np.zeros(places.num_buckets, np.int64)
    for place in places.place_M:
        sizes_K[place >> 1] += 1
    room_K1 = np.zeros(sizes_K.size + 1, np.int64)
    room_K1[1:] = np.cumsum(np.minimum(sizes_K, max_representatives))
    representative, is_added = np.empty(room_K1[-1], np.int64), np.empty(room_K1[-1], np.bool_)
    return Representatives(representative, is_added, room_K1, np.zeros(sizes_K.size, np.int64))


@njit(cache=True, nogil=True)
def _candidates(r, places, standing, has_stayed_R, seen_by_R, candidate_R):
    """Fill candidate_R with the documents to compare r with, each once; return their number."""
    count = 0
    for place in places.place_M[places.offsets_R1[r] : places.offsets_R1[r + 1]]:
        k = place >> 1
        first = standing.room_K1[k]
        for i in range(first, min(first + standing.standing_K[k], standing.room_K1[k + 1])):
            other = standing.representative[i]
            was_compared = has_stayed_R[r] and has_stayed_R[other] and not (place & 1 or standing.is_added[i])
            if seen_by_R[other] != r and not was_compared:
                seen_by_R[other] = r
                candidate_R[count] = other
                count += 1
    return count


@njit(cache=True, nogil=True)
def _verified(r, candidates, sets, rule, is_sampled, found):
    """The first of `candidates` that is a verified edge of r, or -1; `found` says so, and what was nearest."""
    own = sets.set_U[sets.starts_R[r] : sets.ends_R[r]]
    found.keeper_R[r], found.jaccard_R[r] = -1, 0.0
    for other in candidates:
        found.made_R[r] += 1
        others = sets.set_U[sets.starts_R[other] : sets.ends_R[other]]
        if rule.min_containment == NO_CONTAINMENT:
            needed = least_overlap(own.size, others.size, rule.min_jaccard)
        else:
            needed = least_share(own.size, rule.min_containment)
        overlap = overlap_at_least(own, others, 0 if is_sampled else needed)
        if overlap < 0:
            continue
        jaccard = overlap / (own.size + others.size - overlap)
        if overlap >= needed:
            found.keeper_R[r], found.jaccard_R[r] = other, jaccard
            found.nearest_R[r], found.nearest_jaccard_R[r] = -1, 0.0
            return other
        if is_sampled and jaccard > found.nearest_jaccard_R[r]:
            found.nearest_R[r], found.nearest_jaccard_R[r] = other, jaccard
    return -1


@njit(cache=True, nogil=True)
def _stand(r, keeper, places, standing):
    """Let r, or the keeper that it goes for, stand in the buckets of r."""
    who = r if keeper < 0 else keeper
    for place in places.place_M[places.offsets_R1[r] : places.offsets_R1[r + 1]]:
        k = place >> 1
        first = standing.room_K1[k]
        end = min(first + standing.standing_K[k], standing.room_K1[k + 1])
        stands = False
        if keeper >= 0:
            for i in range(first, end):
                stands |= standing.representative[i] == who
        if stands:
            continue
        if end < standing.room_K1[k + 1]:
            standing.representative[end] = who
            standing.is_added[end] = place & 1 or keeper >= 0
        standing.standing_K[k] += 1


@njit(cache=True, nogil=True)
def _left_out(r, places, standing, rule):
    """How many stand in the buckets of r beyond the limit, r itself apart."""
    left_out = 0
    for place in places.place_M[places.offsets_R1[r] : places.offsets_R1[r + 1]]:
        left_out += max(0, standing.standing_K[place >> 1] - (r < rule.num_own) - rule.max_representatives)
    return left_out


@njit(cache=True, nogil=True)
def _with_places_of_the_gone(places, keeper_R, num_own):
    """Places where each document stands in the buckets of those that went for it too."""
    num_docs = keeper_R.size
    sizes_R = places.offsets_R1[1:] - places.offsets_R1[:-1]
    room_R1 = np.zeros(num_docs + 1, np.int64)
    for r in range(num_docs):
        room_R1[r + 1] += sizes_R[r]
        if r < num_own and keeper_R[r] >= 0:
            room_R1[keeper_R[r] + 1] += sizes_R[r]
    room_R1 = np.cumsum(room_R1)
    place_M, end_R = np.empty(room_R1[-1], np.int64), room_R1[:-1].copy()
    for r in range(num_docs):
        own = places.place_M[places.offsets_R1[r] : places.offsets_R1[r + 1]]
        place_M[end_R[r] : end_R[r] + own.size] = own
        end_R[r] += own.size
        if r < num_own and keeper_R[r] >= 0:
            keeper = keeper_R[r]
            place_M[end_R[keeper] : end_R[keeper] + own.size] = own | 1
            end_R[keeper] += own.size
    offsets_R1, m = np.zeros(num_docs + 1, np.int64), 0
    for r in range(num_docs):
        last = -1
        for place in np.sort(place_M[room_R1[r] : end_R[r]]):
            if place >> 1 != last:
                place_M[m] = place
                m += 1
                last = place >> 1
        offsets_R1[r + 1] = m
    return Places(place_M[:m], offsets_R1, places.num_buckets)
