import re

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipeline.kernels.buffers import string_view
from pipeline.kernels.kept_lines import FILLERS, LineSpans, joining_spans
from pipeline.kernels.rewrite import replaced

CITATION = re.compile(r"\[\d*\]|\[edit\]|\[citation needed\]")
PIECES = ["a", "word", " ", "[1]", "[edit]", "\n", "\r\n", "\u2028", "日", "\u3000", "é"]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=15).map("".join)


def joined(text: str, keeps: list[bool], cuts_citations: bool = True) -> str:
    """The text with only those of its lines, by kernel; the i-th line stays where keeps[i % len] says so."""
    text_B, offsets_D1 = string_view(pa.array(["before", text]).slice(1))
    starts, ends, at = [], [], int(offsets_D1[0])
    for i, line in enumerate(text.splitlines(keepends=True)):
        if keeps[i % len(keeps)]:
            starts.append(at + len(line[: len(line) - len(line.lstrip())].encode()) * bool(line.strip()))
            ends.append(starts[-1] + len(line.strip().encode()))
        at += len(line.encode())
    lines = LineSpans(np.array(starts, np.int32), np.array(ends, np.int32), np.array([0, len(starts)], np.int32))
    spans = joining_spans(text_B, offsets_D1, lines, np.array([True]), np.array([cuts_citations]))
    assert (spans.starts_S < spans.ends_S).all()
    assert (spans.ends_S[:-1] <= spans.starts_S[1:]).all()
    return replaced(text_B, offsets_D1, spans, FILLERS)[0].tobytes().decode()


def expected(text: str, keeps: list[bool], cuts_citations: bool = True) -> str:
    lines = [line.strip() for i, line in enumerate(text.splitlines()) if keeps[i % len(keeps)]]
    return "\n".join(CITATION.sub("", line) if cuts_citations else line for line in lines).strip()


def test_lines_by_hand():
    assert joined("  One [1] two.\r\n\nmenu\nThree. ", [True, False, False]) == "One  two.\nThree."
    assert joined("[1]\n[2] a\nb [3]\n[4]", [True]) == "a\nb"
    assert joined("a\n[1]\nb", [True]) == "a\n\nb"
    assert joined("a\n[1]\nb", [False]) == ""


@given(text=TEXTS, keeps=st.lists(st.booleans(), min_size=1, max_size=4), cuts_citations=st.booleans())
def test_the_lines_are_joined_and_stripped(text, keeps, cuts_citations):
    assert joined(text, keeps, cuts_citations) == expected(text, keeps, cuts_citations)


def test_documents_that_are_not_rewritten_have_no_spans():
    text_B, offsets_D1 = string_view(pa.array([" a", " b", " c"]))
    none = LineSpans(np.empty(0, np.int32), np.empty(0, np.int32), np.zeros(4, np.int32))
    spans = joining_spans(text_B, offsets_D1, none, np.array([True, False, True]), np.ones(3, np.bool_))
    assert spans.span_offsets_D1.tolist() == [0, 1, 1, 2]
