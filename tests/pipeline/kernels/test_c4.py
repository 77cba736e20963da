import time
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.kernels.buffers import string_view
from pipeline.kernels.c4 import COUNTS, C4Lines, C4Rules, c4_lines
from pipeline.kernels.kept_lines import FILLERS
from pipeline.kernels.rewrite import replaced
from tests.oracles import c4 as oracle

TFDS = C4Rules(1000, 5, True, False, True, False, True, True)
PIECES = ["the ", "of ", "word", " ", ".", "...", "?", '"', "'", "\n", "\r\n", "\r", "\x85", "\u2028", "[1]", "[", "]"]
PIECES += [
    "[edit]",
    "[citation needed]",
    "[１２]",
    "{",
    "lorem ipsum",
    "Lorem Ip",
    "sum",
    "JavaScript",
    "java",
    "script",
]
PIECES += ["uses coo\u212aies", "use cookies ", "privacy policy", "terms of ", "use", "\u3000", "\xa0", "日", "。", "é"]
PIECES += ["😀", "x" * 20, "İ", "\t", "\x1f", "\x1c"]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=40).map("".join) | st.text(max_size=20)
RULES = st.builds(C4Rules, st.sampled_from([3, 15, 1000]), st.sampled_from([0, 1, 3]), *[st.booleans()] * 6)


def measured(docs: list[str], rules: C4Rules, skip: int = 0) -> tuple[C4Lines, list[str]]:
    """The lines, and the new texts."""
    text_B, offsets_D1 = string_view(pa.array(docs, pa.string()).slice(skip))
    lines = c4_lines(text_B, offsets_D1, np.ones(len(docs[skip:]), np.bool_), rules)
    out_B, out_D1 = replaced(text_B, offsets_D1, lines.spans, FILLERS)
    return lines, [out_B[a:b].tobytes().decode() for a, b in pairwise(out_D1)]


@pytest.mark.parametrize(
    ("line", "rules", "outcome"),
    [
        ("This line has five words.", TFDS, "kept"),
        ("This has four words.", TFDS, "few_words"),
        ("This line has no end mark", TFDS, "no_end_mark"),
        ("This line goes on and on...", TFDS, "no_end_mark"),
        ("This line goes on and on.[1]", TFDS, "kept"),
        ("This line goes on and on.[1]..", TFDS, "no_end_mark"),
        ("This line goes on and on. [1]", TFDS, "no_end_mark"),
        ("This line ends in a 'quote'", TFDS, "no_end_mark"),
        ("This line ends in a 'quote'", TFDS._replace(quote_ends=True), "kept"),
        ("Citations are three [1] words.", TFDS, "few_words"),
        ("Citations are three [1] words.", TFDS._replace(counts_citation_words=True), "kept"),
        ("Citations are three [1] words.", TFDS._replace(cuts_citations=False), "kept"),
        ("x" * 1000 + " is a word in it.", TFDS, "kept"),
        ("x" * 1001 + " is a word in it.", TFDS, "long_word"),
        ("é" * 1001 + " is a word in it.", TFDS, "long_word"),
        ("日" * 1000 + " is a word in it.", TFDS, "kept"),
        (("x" * 700 + "\u3000") * 3 + "is two.", TFDS, "kept"),
        ("Turn on your JavaScript to go on.", TFDS, "javascript"),
        ("Turn on your java[1]script to go on.", TFDS, "javascript"),
        ("Turn on your JavaScript to go on.", TFDS._replace(drops_javascript=False), "kept"),
        ("We have a new Privacy Policy now.", TFDS, "policy"),
        ("Our pages use coo\u212aies a lot.", TFDS, "policy"),
        ("Our pages use cookies a lot.", TFDS._replace(drops_policy=False), "kept"),
    ],
)
def test_every_line_rule_takes_what_it_names(line, rules, outcome):
    for text in (line, f"\u3000{line} \r"):
        counts_K = measured([text], rules)[0].counts_KD[:, 0]
        assert counts_K[COUNTS.index(f"num_{outcome}_lines")] == 1


def test_page_rules_look_at_lines_that_come_so_far():
    text = "lorem ipsum {\nHere is a { in JavaScript code.\nHere is lorem ipsum and a {.\nHere is { a code again."
    lines, _ = measured([text, text.replace("JavaScript", "other")], TFDS)
    assert (
        dict(zip(COUNTS, lines.counts_KD.tolist(), strict=True)).items()
        >= {
            "first_lorem_ipsum_line": [3, 3],
            "first_curly_bracket_line": [3, 2],
        }.items()
    )


@given(docs=st.lists(TEXTS, max_size=4), skip=st.integers(0, 2), rules=RULES, lead=st.integers(0, 66))
def test_lines_agree_with_their_oracle_on_any_slice(docs, skip, rules, lead):
    docs = [*("x" * lead + text for text in docs), "behind " * 12]  # so that 64 bytes are looked at at once
    lines, texts = measured(docs, rules, skip)
    expected = [oracle.lines(text, rules) for text in docs[skip:]]
    assert [dict(zip(COUNTS, counts_K, strict=True)) for counts_K in lines.counts_KD.T.tolist()] == [
        counts for counts, _ in expected
    ]
    assert texts == [text for _, text in expected]


def test_large_documents_take_time_in_proportion():
    measured(["warm"], TFDS)
    lenient = TFDS._replace(needs_end_mark=False, min_words=0)
    texts = ["x" * 1_000_000, ("x" * 999 + " ") * 1000, "日" * 350_000, "\n" * 1_000_000, "a\r" * 500_000]
    texts += ["[1]" * 350_000, "[" * 1_000_000, "use cookies " * 90_000, ". " * 500_000, "\u3000\n" * 250_000]
    texts += ["\u212a" * 350_000, "javascrip\n" * 100_000]
    for rules in (TFDS, lenient):
        began = time.process_time()
        lines, _ = measured(texts, rules)
        assert time.process_time() - began < 3
        assert lines.counts_KD[COUNTS.index("num_chars")].tolist() == [len(text) for text in texts]


@pytest.mark.slow
def test_a_document_of_fifty_megabytes():
    line = "This is a line of a very long document, and it has an end.\n"
    lines, (text,) = measured([line * 850_000 + "{"], TFDS)
    assert text == (line * 850_000).strip()
    assert lines.counts_KD[COUNTS.index("num_sentences")].tolist() == [850_000]
