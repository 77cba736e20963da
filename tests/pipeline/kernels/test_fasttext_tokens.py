import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from pipeline.kernels.buffers import string_view
from pipeline.kernels.fasttext_tokens import (
    EDGES_AT_ONCE,
    NO_TEXT_KEY,
    is_label,
    is_space,
    read_edges,
    token_hash,
    token_key,
)
from tests.oracles import fasttext_train as oracle

SPACES = b" \t\n\v\f\r\0"
SPACE = rb"[%s]" % re.escape(SPACES)
TEXTS = st.text(alphabet="ab_é日 \t\n\v\f\r\0\x01\x0e\x1f", max_size=200) | st.sampled_from(["x" * 64, "x" * 63 + " "])


@njit
def _is_space(byte):
    return is_space(byte)


@njit
def _token_key(text_B, start, end):
    return token_key(text_B, start, end)


def array(data: bytes) -> np.ndarray:
    return np.frombuffer(data, np.uint8)


def tokens_by(texts: pa.StringArray, room: int) -> list[bytes]:
    """All tokens, read with room for so many edges at a time."""
    text_B, offsets_D1 = string_view(texts)
    edges_E, found = np.empty(room, np.int32), []
    d, at, num = 0, int(offsets_D1[0]), 0
    while d < len(texts):
        d, at, num = read_edges(text_B, offsets_D1, d, at, edges_E, num)
        found += [text_B[start:end].tobytes() for start, end in edges_E[: num & ~1].reshape(-1, 2)]
        edges_E[0], num = edges_E[num - 1], num & 1
    return found


def test_seven_bytes_are_spaces():
    assert [byte for byte in range(256) if _is_space(np.uint8(byte))] == sorted(SPACES)


@given(docs=st.lists(TEXTS, max_size=6), skip=st.integers(0, 2), room=st.integers(EDGES_AT_ONCE + 1, 200))
def test_tokens_stand_between_spaces_and_one_of_no_bytes_ends_each_document(docs, skip, room):
    expected = []
    for text in docs[skip:]:
        expected += [*filter(None, re.split(SPACE, text.encode())), b""]
    assert tokens_by(pa.array(docs, pa.string()).slice(skip), room) == expected


def test_a_megabyte_in_one_line_has_its_tokens():
    for text in ("x" * 1_000_000, " " * 1_000_000, "é " * 300_000):
        assert tokens_by(pa.array([text]), 1000) == [*text.encode().split(), b""]


@given(data=st.binary(max_size=40), behind=st.binary(max_size=20))
def test_a_key_up_to_fifteen_bytes_is_the_text(data, behind):
    own, rest = _token_key(array(data + behind), 0, len(data))
    assert (own, rest) == _token_key(array(b"ab" + data), 2, 2 + len(data))
    if len(data) <= 15:
        key = int.to_bytes(int(own), 8, "little") + int.to_bytes(int(rest), 8, "little")
        assert key == data.ljust(15, b"\0") + bytes([len(data)])
    else:
        assert rest == NO_TEXT_KEY + len(data)


def test_longer_texts_have_different_keys():
    texts = [bytes(text) for text in {b"x" * n + bytes([65 + k]) + b"y" * 8 for n in range(16, 40) for k in range(20)}]
    keys = {_token_key(array(text), 0, len(text)) for text in texts}
    assert len(keys) == len(texts) == 480


@given(data=st.binary(max_size=30))
def test_the_hash_is_that_of_signed_bytes(data):
    assert token_hash(array(data), 0, len(data)) == oracle.token_hash(data) & 0xFFFFFFFF


@pytest.mark.parametrize(
    ("token", "expected"),
    [(b"__label__", True), (b"__label__en", True), (b"__label_", False), (b"__label", False), (b"a__label__", False)],
)
def test_a_label_begins_like_one(token, expected):
    assert is_label(array(token + b" x"), 0, len(token)) == expected
