import json

import numpy as np
import pyarrow as pa
import pytest
from datasketch import MinHash
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.kernels.minhash import bucket_hashes, minhash_signatures, permutations
from tests.oracles import near_dedup as oracle
from tests.pipeline.kernels.test_shingles import rows_of, shingles_of
from tests.shared_data import shared


def signatures_of(array, shingle_words, num_perm):
    shingle_S, offsets_D1 = shingles_of(array, shingle_words)
    shingle_S.flags.writeable = False
    return minhash_signatures(shingle_S, offsets_D1, *permutations(num_perm))


@pytest.mark.parametrize("num_perm", [1, 112, 200])
def test_permutations_are_those_of_datasketch(num_perm):
    expected = MinHash(num_perm, seed=1, scheme="affine32").permutations
    np.testing.assert_array_equal(np.stack(permutations(num_perm)), expected)


def test_a_signature_by_hand():
    """One shingle, one permutation: fmix32 of its upper half, then a * x + b."""
    (a,), (b,) = permutations(1)
    x = 7 ^ (7 >> 16)
    x = x * 0x85EBCA6B % 2**32
    x ^= x >> 13
    x = x * 0xC2B2AE35 % 2**32
    x ^= x >> 16
    got = minhash_signatures(np.array([7 << 32 | 99], np.uint64), np.array([0, 1]), *permutations(1))
    assert got.tolist() == [[(int(a) * x + int(b)) % 2**32]]


def test_no_shingles_leave_every_value_at_its_greatest():
    assert (signatures_of(pa.array(["", "a", "?!"]), 5, 8)[[0, 2]] == 2**32 - 1).all()


@settings(deadline=None)  # the first call compiles
@given(
    sizes=st.lists(st.integers(0, 40), max_size=6),
    seed=st.integers(0, 2**32 - 1),
    bands=st.integers(1, 5),
    rows=st.integers(1, 9),
)
def test_signatures_and_buckets_agree_with_datasketch_and_the_oracle(sizes, seed, bands, rows):
    offsets_D1 = np.cumsum([0, *sizes])
    shingle_S = np.random.default_rng(seed).integers(0, 2**64, offsets_D1[-1], np.uint64)
    got = minhash_signatures(shingle_S, offsets_D1, *permutations(bands * rows))
    expected = [oracle.signature(row, bands * rows) for row in rows_of(shingle_S, offsets_D1)]
    assert got.dtype == np.uint32
    assert got.tolist() == expected
    assert bucket_hashes(got, bands).tolist() == [oracle.buckets(row, bands) for row in expected]


def test_signatures_equal_those_of_datasketch_on_real_documents():
    lines = shared("corpus/c4_demo.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)["text"] for line in lines]
    assert len(texts) == 300
    got = signatures_of(pa.array(texts), 5, 112)
    for row, text in zip(got, texts, strict=True):
        assert row.tolist() == oracle.signature(oracle.shingles(text, 5), 112)


def test_buckets_of_different_bands_differ():
    got = bucket_hashes(np.full((1, 12), 5, np.uint32), 6)
    assert np.unique(got).size == 6
