import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.kernels.json_strings import copy_meta_string, escape_width, unescaped

PARTS = st.sampled_from(
    [
        *("a", "long plain text ", "\u00e9", "\u4e2d", "\U0001f600", "\x7f"),
        *(r"\"", r"\\", r"\/", r"\b", r"\f", r"\n", r"\r", r"\t"),
        *(r"\u0000", r"\u001F", r"\u0022", r"\u005c", r"\u000a", r"\u00e9", r"\u4E2D", r"\ud83d\ude00", r"\uffff"),
    ]
)
STRINGS = st.lists(PARTS, max_size=12).map("".join)


def _bytes(text: str | bytes) -> np.ndarray:
    return np.frombuffer(text if isinstance(text, bytes) else text.encode(), np.uint8)


@given(strings=st.lists(STRINGS, max_size=6))
def test_escapes_are_resolved_as_python_does(strings):
    data, spans = b"{", []
    for string in strings:
        spans.append((len(data), len(data) + len(string.encode())))
        data += string.encode() + b'"'
    written, offsets = unescaped(_bytes(data), np.array(spans, np.int64).reshape(-1, 2))
    found = [written[start:end].tobytes().decode() for start, end in pairwise(offsets)]
    assert found == [json.loads(f'"{string}"') for string in strings]


@given(string=STRINGS)
def test_a_string_of_meta_is_written_as_python_writes_it(string):
    data = _bytes(string)
    written = np.zeros(data.size + 8, np.uint8)
    end = copy_meta_string(data, 0, data.size, written, 0)
    assert f'"{written[:end].tobytes().decode()}"' == json.dumps(json.loads(f'"{string}"'), ensure_ascii=False)


@pytest.mark.parametrize(
    ("escape", "width"),
    [
        (rb"\n", 2),
        (rb"\u00e9", 6),
        (rb"\uD83D\uDE00", 12),
        (b"\\", 0),
        (rb"\x", 0),
        (rb"\u00e", 0),
        (rb"\u00eg", 0),
        (rb"\ud83d", 0),
        (rb"\ud83dxxxxxx", 0),
        (rb"\ud83d\n2345", 0),
        (rb"\ud83d\u0041", 0),
        (rb"\ude00\ud83d", 0),
        (rb"\ud83d\ude0", 0),
    ],
)
def test_an_escape_is_sound_or_none(escape, width):
    assert escape_width(_bytes(escape), 0) == width
