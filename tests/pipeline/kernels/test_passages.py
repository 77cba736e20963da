import time

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from pipeline.kernels.buffers import string_view
from pipeline.kernels.passages import passage_bytes
from pipeline.kernels.words import word_spans
from tests.oracles import substring_dedup as oracle


def cut(texts, cut_words, skip=0):
    """[(start, end), ...] of each text; `cut_words`: the words of each that go."""
    text_B, offsets_D1 = string_view(pa.array(texts, pa.string()).slice(skip))
    spans = word_spans(text_B, offsets_D1)
    rows, firsts, ends = [], [], []
    for row, words in enumerate(cut_words[skip:]):
        for first in sorted(words):
            if first - 1 not in words:
                end = next(w for w in range(first, first + len(words) + 1) if w not in words)
                rows.append(row)
                firsts.append(spans.word_offsets_D1[row] + first)
                ends.append(spans.word_offsets_D1[row] + end)
    columns = [np.array(column, np.int64) for column in (rows, firsts, ends)]
    start_P, end_P = passage_bytes(text_B, offsets_D1, spans.starts_W, spans.ends_W, *columns)
    return [
        [(int(a), int(b)) for r, a, b in zip(rows, start_P, end_P, strict=True) if r == row]
        for row in range(len(texts) - skip)
    ]


@pytest.mark.parametrize(
    ("text", "words", "left"),
    [
        ("a b c d", {1, 2}, "a d"),
        ("a b c d", {0, 1}, "c d"),
        ("a b c d", {2, 3}, "a b"),
        ("a b c d\n", {2, 3}, "a b\n"),
        ("  a b c", {0}, "  b c"),
        ("a\n\nb c\n\nd", {1, 2}, "a\n\nd"),
        ("a b c\n\nd", {1, 2}, "a\n\nd"),
        ("a\n\nb c d", {1, 2}, "a\n\nd"),
        ("a, b c, d", {1, 2}, "a, , d"),
        ("a (b c) d", {1, 2}, "a () d"),
        ("a (b c d", {1, 2}, "a ( d"),
        ("x日本y", {1, 2}, "x本y"),
        ("x日本 y", {1, 2}, "x y"),
        ("前日本後", {1, 2}, "前後"),
        ("a b c d e f", {1, 2, 4}, "a d f"),
        ("a\u3000b\u2003\u2003c", {1}, "a\u3000c"),
    ],
)
def test_what_is_left_by_hand(text, words, left):
    (spans,) = cut([text], [words])
    assert oracle.after(text, [oracle.Cut(0, start, end, 0) for start, end in spans]) == left


pieces = st.lists(
    st.sampled_from(["a", "b", "it's", "日本", "ก", " ", "\n", "\n\n", "\u3000", ", ", "-", "("]), max_size=25
)


@settings(deadline=None)  # the first call compiles
@given(
    texts=st.lists(pieces.map("".join) | st.text(max_size=20), max_size=5), seed=st.randoms(), skip=st.integers(0, 2)
)
def test_passages_agree_with_their_oracle_on_any_slice(texts, seed, skip):
    spans = [oracle.word_spans(text) for text in texts]
    words = [{w for w in range(len(found)) if seed.random() < 0.5} for found in spans]
    got = cut(texts, words, skip)
    assert got == [
        [(start, end) for start, end, _ in oracle.passages(text, dict.fromkeys(cut_words, 0))]
        for text, cut_words in zip(texts[skip:], words[skip:], strict=True)
    ]
    event(f"passages: {min(3, sum(map(len, got)))}")


@settings(deadline=None)
@given(text=pieces.map("".join) | st.text(max_size=20), seed=st.randoms())
def test_what_is_left_is_valid_utf8_and_joins_no_words(text, seed):
    spans = oracle.word_spans(text)
    words = {w for w in range(len(spans)) if seed.random() < 0.5}
    (got,) = cut([text], [words])
    left = oracle.after(text, [oracle.Cut(0, start, end, 0) for start, end in got])
    stay = [text[a:b] for w, (a, b) in enumerate(spans) if w not in words]
    others = iter([left[a:b] for a, b in oracle.word_spans(left)])
    assert all(word in others for word in stay)  # in order, each as it was; single characters may be left beside them


def test_a_megabyte_of_one_line_is_done_at_once():
    cut(["a b c"], [{1}])
    for text, words in (("a b " * 2**18, set(range(0, 2**19, 2))), ("a" + " " * 2**20 + "b c", {1})):
        began = time.process_time()
        (spans,) = cut([text], [words])
        assert time.process_time() - began < 5.0
        assert len(spans) == len(words)
