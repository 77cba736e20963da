import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from pipeline.kernels.hashing import bytes_hash, mix, quick_key, slot_of, table_bits
from tests.oracles import words as oracle


@njit
def _bytes_hash(text_B, start, end):
    return bytes_hash(text_B, start, end)


@njit
def _mix(h):
    return mix(h)


@njit
def _quick_key(text_B, start, end):
    return quick_key(text_B, start, end)


@njit
def _slot_of(key, bits):
    return slot_of(key, bits)


@settings(deadline=None)
@given(before=st.binary(max_size=3), data=st.binary(max_size=40), behind=st.binary(max_size=9))
def test_hash_of_a_span_is_the_oracles_whatever_stands_around_it(before, data, behind):
    text_B = np.frombuffer(before + data + behind, np.uint8)
    assert _bytes_hash(text_B, len(before), len(before) + len(data)) == oracle.bytes_hash(data)


def test_short_texts_never_share_a_hash():
    texts = [b"", b"\0", b"\0\0", b"a", b"a\0", b"\0a", b"abcdefg", b"abcdef\0"]
    hashes = {int(_bytes_hash(np.frombuffer(text + b"!", np.uint8), 0, len(text))) for text in texts}
    assert len(hashes) == len(texts)


def test_mix_is_splitmix64():
    # First outputs of splitmix64 seeded with 0, as published with xoshiro (Blackman and Vigna).
    gamma = 0x9E3779B97F4A7C15
    outputs = [int(_mix(np.uint64(gamma * (k + 1) % 2**64))) for k in range(3)]
    assert outputs == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]


@settings(deadline=None)
@given(before=st.binary(max_size=3), data=st.binary(max_size=30), behind=st.binary(max_size=9))
def test_a_quick_key_is_the_texts_own_whatever_stands_around_it(before, data, behind):
    text_B = np.frombuffer(before + data + behind, np.uint8)
    key = int(_quick_key(text_B, len(before), len(before) + len(data)))
    alone = np.frombuffer(data + b"!", np.uint8)
    assert key == _quick_key(alone, 0, len(data))
    assert (key >> 63) == (len(data) >= 8)
    if len(data) < 8:
        assert key == int.from_bytes(data, "little") | len(data) << 56


def test_quick_keys_of_long_texts_see_every_byte():
    text = bytes(range(40))
    changed = [text[:i] + b"!" + text[i + 1 :] for i in range(40) if text[i] != ord("!")]
    keys = {int(_quick_key(np.frombuffer(one, np.uint8), 0, 40)) for one in [text, *changed]}
    assert len(keys) == len(changed) + 1


def test_slots_are_within_the_table_and_spread():
    slots = [_slot_of(np.uint64(key), 8) for key in range(256)]
    assert 0 <= min(slots) <= max(slots) < 256
    assert len(set(slots)) > 150


def test_tables_stay_half_empty():
    assert [1 << table_bits(n) for n in (0, 1, 2, 3, 1000)] == [2, 2, 4, 8, 2048]
