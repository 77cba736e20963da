import time

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.kernels.buffers import string_view
from pipeline.kernels.markup import MAX_DEPTH, MarkupCounts, markup_counts
from tests.oracles import markup as oracle

PIECES = (
    "<div class='x'>,</DIV>,<br/>,<b,<x>,< b>,<a\nhref=http://a.b>,<!-- c -->,<!DOCTYPE html>,<!,</!--,<me@example.org>"
    ",&nbsp;,&#160;,&#xaF;,&#x;,&a;,&1a;,&amp,&,{,},;,{a:b;},:,://,http://,https://a.b/%4f,http://x%,%zz,é,日,\u3000"
    ", , ,\n,\r\n,\n\n,x,h,ttp"
).split(",")
TEXTS = st.lists(st.sampled_from(PIECES), max_size=14).map("".join) | st.text(max_size=20)


def counts(text: str) -> MarkupCounts:
    return MarkupCounts(*(one.item() for one in markup_counts(*string_view(pa.array([text])))))


@pytest.mark.parametrize(
    ("text", "chars"),
    [
        ("a <div class='x'> b &nbsp; c", 15 + 6),
        ("a < b and <me@example.org> or <http://example.org>", 0),
        ("p { color: red; } q", 15),
        ("{é{b;}c}", 4),
        ("{&nbsp;}", 6),
        ("{<b>;}", 6),
        ('{"json": [1, {"a": "b"}]} \\frac{a}{b} {{template|x}}', 0),
        ("}}{{;", 0),
        ("<!-- hidden --><p>x</p>", 15 + 3 + 4),
        ("<b", 0),
        ("<blockquote\tcite=x>", 19),
        ("<blockquotes>", 0),
    ],
)
def test_markup_by_hand(text, chars):
    assert counts(text).markup_chars_D == chars


@pytest.mark.parametrize(
    ("text", "links", "chars", "lines", "link_lines"),
    [
        ("see http://a.b/c%20d.\n  https://x.y\u3000\r\n\n ok", 2, 17 + 11, 3, 1),
        ("http://x", 1, 8, 1, 1),
        ("http://x http://y", 2, 16, 1, 0),
        ("http:// https:/x HTTP://X ://x ftp://x", 0, 0, 1, 0),
        ("xhttp://y", 1, 8, 1, 0),
        ("http://a%http://b", 2, 8 + 8, 1, 0),
        ("<a href=http://a.b>", 1, 10, 1, 0),
        ("", 0, 0, 0, 0),
        (" \n\t\n", 0, 0, 0, 0),
    ],
)
def test_links_and_lines_by_hand(text, links, chars, lines, link_lines):
    got = counts(text)
    assert (got.links_D, got.link_chars_D, got.lines_D, got.link_lines_D) == (links, chars, lines, link_lines)


@given(docs=st.lists(TEXTS, max_size=5), skip=st.integers(0, 2), lead=st.integers(0, 66))
def test_counts_agree_with_their_oracle_on_any_slice(docs, skip, lead):
    docs = [*("x" * lead + text for text in docs), "behind " * 12]  # so that 64 bytes are looked at at once
    got = np.array(markup_counts(*string_view(pa.array(docs, pa.string()).slice(skip))))
    expected = np.array([oracle.counts(text) for text in docs[skip:]]).reshape(-1, 6)
    np.testing.assert_array_equal(got.T, expected)


def test_braces_are_paired_to_a_depth_and_no_further():
    deep = "{" * (MAX_DEPTH + 3) + ";" + "}" * (MAX_DEPTH + 3)
    assert counts(deep).markup_chars_D == oracle.counts(deep)[1] == 1 + 2 * 4


@pytest.mark.parametrize(
    "unit", ["<a ", "<a", "&#", "{", "{;", "}", "http://", "http:", "\n", " ", "<!--", "😀", "a{;}"]
)
def test_a_hostile_megabyte_costs_little(unit):
    view = string_view(pa.array([unit * (2**20 // len(unit.encode()))]))
    markup_counts(*view)
    began = time.process_time()
    markup_counts(*view)
    assert time.process_time() - began < 0.5
