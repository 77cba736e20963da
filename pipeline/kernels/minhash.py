"""MinHash signatures (Broder 1997), value for value those of datasketch, and the LSH buckets of their bands.

Shapes: D = documents in the batch, S = shingles of all documents, P = permutations, G = bands.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from pipeline.kernels.hashing import mix

UInt32 = npt.NDArray[np.uint32]
SEED = 1


def permutations(num_perm: int) -> tuple[UInt32, UInt32]:
    """(multiplier_P, addend_P) of `datasketch.MinHash(num_perm, seed=1, scheme="affine32")`: x -> a * x + b mod 2**32.

    The multipliers are odd, which makes each a permutation of the 32-bit numbers.
    """
    generator = np.random.RandomState(SEED)
    multiplier_P = generator.randint(0, 2**31, num_perm, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    addend_P = generator.randint(0, 2**32, num_perm, dtype=np.uint32)
    return multiplier_P, addend_P


@njit(cache=True, nogil=True, inline="always")
def _premixed(shingle):
    """MurmurHash3's 32-bit finaliser of the upper half, as datasketch applies it to what `hashfunc` returns."""
    h = np.uint32(shingle >> np.uint64(32))
    h = np.uint32((h ^ (h >> np.uint32(16))) * np.uint32(0x85EBCA6B))
    h = np.uint32((h ^ (h >> np.uint32(13))) * np.uint32(0xC2B2AE35))
    return h ^ (h >> np.uint32(16))


@njit(cache=True, nogil=True)
def minhash_signatures(shingle_S, shingle_offsets_D1, multiplier_P, addend_P):
    """Least value of each permutation over each document's shingles: uint32, shape (D, P).

    Equal to datasketch's over the shingle hashes as 8 little-endian bytes, with `hashfunc` the upper 32 bits, that is
    `int.from_bytes(shingle[4:], "little")`. A document without shingles has 2**32 - 1 throughout.
    Eight shingles at a time: a permutation's numbers are fetched once for all of them, and the inner loop turns into
    vector instructions. The last shingle stands in for those missing at the end, which changes no minimum.
    """
    num_docs, num_perm = shingle_offsets_D1.size - 1, multiplier_P.size
    signature_DP = np.full((num_docs, num_perm), np.uint32(0xFFFFFFFF))
    for d in range(num_docs):
        row = signature_DP[d]
        last = shingle_offsets_D1[d + 1] - 1
        for s in range(shingle_offsets_D1[d], last + 1, 8):
            x0, x1 = _premixed(shingle_S[s]), _premixed(shingle_S[min(s + 1, last)])
            x2, x3 = _premixed(shingle_S[min(s + 2, last)]), _premixed(shingle_S[min(s + 3, last)])
            x4, x5 = _premixed(shingle_S[min(s + 4, last)]), _premixed(shingle_S[min(s + 5, last)])
            x6, x7 = _premixed(shingle_S[min(s + 6, last)]), _premixed(shingle_S[min(s + 7, last)])
            for p in range(num_perm):
                a, b = multiplier_P[p], addend_P[p]
                low = min(
                    min(
                        min(np.uint32(a * x0 + b), np.uint32(a * x1 + b)),
                        min(np.uint32(a * x2 + b), np.uint32(a * x3 + b)),
                    ),
                    min(
                        min(np.uint32(a * x4 + b), np.uint32(a * x5 + b)),
                        min(np.uint32(a * x6 + b), np.uint32(a * x7 + b)),
                    ),
                )
                row[p] = min(row[p], low)
    return signature_DP


@njit(cache=True, nogil=True)
def bucket_hashes(signature_DP, num_bands):
    """The LSH bucket of each band of each document: uint64, shape (D, G), shared by documents whose rows agree.

    Of band g with rows r[0] .. r[n-1]: h = mix(g), then h = mix(h ^ r[i]) for each row; mix is splitmix64's finaliser.
    Buckets of different bands differ. P must be a multiple of G.
    """
    num_docs, num_perm = signature_DP.shape
    rows_per_band = num_perm // num_bands
    bucket_DG = np.empty((num_docs, num_bands), np.uint64)
    for d in range(num_docs):
        for g in range(num_bands):
            h = mix(np.uint64(g))
            for p in range(g * rows_per_band, (g + 1) * rows_per_band):
                h = mix(h ^ np.uint64(signature_DP[d, p]))
            bucket_DG[d, g] = h
    return bucket_DG
