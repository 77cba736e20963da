"""Who stays of near-duplicates: documents in rank order, each against the kept ones before it.

Shapes: R = documents in rank order, best first; K = buckets; M = members of all buckets; U = elements of all sets.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pipeline.kernels.jaccard import least_overlap, least_share, overlap_at_least

NO_CONTAINMENT = -1.0


@njit(cache=True, nogil=True)
def near_duplicate_keepers(
    set_U,
    set_starts_R,
    set_ends_R,
    bucket_M,
    bucket_offsets_R1,
    bucket_sizes_K,
    num_settled,
    is_sampled_R,
    min_jaccard,
    min_containment,
    max_representatives,
):
    """Return (keeper_R, jaccard_R, made_R, skipped_R, nearest_R, nearest_jaccard_R).

    Document r lies in the buckets bucket_M[bucket_offsets_R1[r]:bucket_offsets_R1[r + 1]]; its shingle set is
    set_U[set_starts_R[r]:set_ends_R[r]], which is not empty. It is compared with the kept documents of its buckets in
    rank order, the best `max_representatives` of each bucket, until one is a verified edge: that one is keeper_R[r],
    the similarity jaccard_R[r]. Without one it is kept: keeper -1, similarity 0. An edge is verified by the Jaccard
    similarity, or by the containment of r in the other where `min_containment` is not NO_CONTAINMENT.
    The first `num_settled` documents were decided elsewhere: they are kept without being compared.
    made_R counts comparisons; skipped_R, of documents kept, the kept bucket members that the limit left out, once per
    bucket. Of a document that is_sampled_R says and that is kept, nearest_R is the most similar document that it was
    compared with, the best-ranked one of those; else -1, similarity 0.
    """
    num_docs = set_starts_R.size
    keeper_R, jaccard_R = np.full(num_docs, -1, np.int64), np.zeros(num_docs, np.float64)
    made_R, skipped_R = np.zeros(num_docs, np.int64), np.zeros(num_docs, np.int64)
    nearest_R, nearest_jaccard_R = np.full(num_docs, -1, np.int64), np.zeros(num_docs, np.float64)
    room_K1 = np.zeros(bucket_sizes_K.size + 1, np.int64)
    room_K1[1:] = np.cumsum(np.minimum(bucket_sizes_K, max_representatives))
    representative = np.empty(room_K1[-1], np.int64)
    kept_K = np.zeros(bucket_sizes_K.size, np.int64)
    seen_by_R = np.full(num_docs, -1, np.int64)
    candidate = np.empty(num_docs, np.int64)
    for r in range(num_docs):
        buckets = bucket_M[bucket_offsets_R1[r] : bucket_offsets_R1[r + 1]]
        num_candidates = 0
        if r >= num_settled:
            for k in buckets:
                for i in range(room_K1[k], room_K1[k] + min(kept_K[k], max_representatives)):
                    if seen_by_R[representative[i]] != r:
                        seen_by_R[representative[i]] = r
                        candidate[num_candidates] = representative[i]
                        num_candidates += 1
        own = set_U[set_starts_R[r] : set_ends_R[r]]
        for other in np.sort(candidate[:num_candidates]):
            made_R[r] += 1
            others = set_U[set_starts_R[other] : set_ends_R[other]]
            if min_containment == NO_CONTAINMENT:
                needed = least_overlap(own.size, others.size, min_jaccard)
            else:
                needed = least_share(own.size, min_containment)
            overlap = overlap_at_least(own, others, 0 if is_sampled_R[r] else needed)
            if overlap < 0:
                continue
            jaccard = overlap / (own.size + others.size - overlap)
            if overlap >= needed:
                keeper_R[r], jaccard_R[r] = other, jaccard
                break
            if jaccard > nearest_jaccard_R[r]:
                nearest_R[r], nearest_jaccard_R[r] = other, jaccard
        if keeper_R[r] >= 0:
            nearest_R[r], nearest_jaccard_R[r] = -1, 0.0
            continue
        for k in buckets:
            if r >= num_settled:
                skipped_R[r] += max(0, kept_K[k] - max_representatives)
            if kept_K[k] < max_representatives:
                representative[room_K1[k] + kept_K[k]] = r
            kept_K[k] += 1
    return keeper_R, jaccard_R, made_R, skipped_R, nearest_R, nearest_jaccard_R
