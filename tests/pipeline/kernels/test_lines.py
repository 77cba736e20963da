import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.kernels.buffers import string_view
from pipeline.kernels.lines import behind_spaces, left_stripped, line_feeds, right_stripped, split_lines
from pipeline.kernels.unicode_tables import unicode_tables

CLASS_C = unicode_tables().class_C
PIECES = ["a", "text of 16 bytes", " ", "\t", "\n", "\r\n", "\r", "\x0b", "\x1c", "\x1f", "\x85", "\u2028", "\u2029"]
PIECES += ["\u3000", "\xa0", "é", "‚", "Â", "日", "😀", "\x00", "\x7f"]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=25).map("".join) | st.text(max_size=20)


def lines(text: str, before: str = "", behind: str = "") -> list[str]:
    text_B, offsets_D1 = string_view(pa.array([before, text, behind]))
    start, end = int(offsets_D1[1]), int(offsets_D1[2])
    stops_E, nexts_E = np.empty(end - start, np.int32), np.empty(end - start, np.int32)
    num = split_lines(text_B, start, end, CLASS_C, stops_E, nexts_E)
    begins = [start, *nexts_E[:num].tolist()]
    assert not num or begins[-1] == end
    return [text_B[a:b].tobytes().decode() for a, b in zip(begins, stops_E[:num].tolist(), strict=False)]


def test_lines_by_hand():
    assert lines("a\r\nb\r\rc\u2028d\x85\x1fe\n") == ["a", "b", "", "c", "d", "\x1fe"]
    assert lines("") == []
    assert lines("\n") == [""]


@given(text=TEXTS, before=st.sampled_from(["", "\r", "é\n"]), behind=st.sampled_from(["", "\n" * 64]))
def test_lines_are_those_of_splitlines(text, before, behind):
    assert lines(text, before, behind) == text.splitlines()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\x85", "\u2028", "\u2029", "é", "\u2027"])
@pytest.mark.parametrize("lead", [*range(60, 66), 126, 127])
def test_a_line_end_is_seen_where_64_bytes_border_on_64(end, lead):
    text = "x" * lead + end + "y" * 70
    assert lines(text, behind="z" * 64) == text.splitlines()


@given(text=TEXTS, behind=st.sampled_from(["", "\n" * 64]))
def test_line_feeds_are_where_they_are(text, behind):
    data = text.encode()
    text_B, offsets_D1 = string_view(pa.array([text, behind]))
    feeds_E = np.empty(len(data) + 1, np.int32)
    num = line_feeds(text_B, 0, int(offsets_D1[1]), feeds_E)
    assert feeds_E[:num].tolist() == [i for i, byte in enumerate(data) if byte == 0x0A]


@given(text=TEXTS, before=TEXTS)
def test_stripping_is_that_of_str(text, before):
    text_B, offsets_D1 = string_view(pa.array([before, text, " x"]))
    start, end = int(offsets_D1[1]), int(offsets_D1[2])
    stop = right_stripped(text_B, start, end, CLASS_C)
    first = left_stripped(text_B, start, end, CLASS_C)
    assert text_B[start:stop].tobytes().decode() == text.rstrip()
    assert text_B[first:end].tobytes().decode() == text.lstrip()
    assert behind_spaces(text_B, start, end, CLASS_C) == first
