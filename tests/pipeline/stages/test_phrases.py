import numpy as np
import pyarrow as pa
import pytest

from pipeline.kernels.buffers import string_view
from pipeline.kernels.keywords import marked_text, our_reading
from pipeline.kernels.markup import markup_counts
from pipeline.stages.phrases import BOILERPLATE, EXPLICIT, Phrases
from tests import curator
from tests.oracles import keywords as oracle


def measured(texts, phrases=BOILERPLATE):
    ours, marked = Phrases(phrases), marked_text(*string_view(pa.array(texts, pa.string())), our_reading())
    return ours.explicit_words(marked), *ours.boilerplate(marked)


@pytest.mark.parametrize(
    ("text", "explicit", "boilerplate", "lines"),
    [
        ("Porn and PORN videos, pornography", 2, 0, 0),
        ("nude  girls", 0, 0, 0),
        ("We use cookies.\n\nNothing else.", 0, 1 / 2, 1),
        ("COPYRIGHT \u00a9 2020\n\n\n\nTerms of Use, Privacy Policy\nPrivacy policy\n\n", 0, 2 / 4, 3),
        ("a\n\nb\n\nLorem Ipsum dolor", 0, 1, 1),
        ("All rights\nreserved", 0, 0, 0),
        ("", 0, 0, 0),
    ],
)
def test_phrases_by_hand(text, explicit, boilerplate, lines):
    around = ["use cookies", text, "use cookies"]
    assert [one.tolist() for one in measured(around)] == [[0, explicit, 0], [1, boilerplate, 1], [1, lines, 1]]


def test_every_word_and_phrase_of_ours_is_found_by_itself():
    assert measured(EXPLICIT)[0].tolist() == [1] * len(EXPLICIT)
    assert measured(BOILERPLATE)[1].tolist() == [1] * len(BOILERPLATE)
    assert len(set(EXPLICIT)) == len(EXPLICIT) > 40


def assert_curator_agrees(rows):
    """Values of all documents but empty ones, which Curator takes for links alone."""
    phrases, rows = rows[0]["phrases"], [row for row in rows[1:] if row["text"]]
    texts = [row["text"] for row in rows]
    _, fraction, _ = measured(texts, phrases)
    np.testing.assert_array_equal(fraction, [row["boilerplate_paragraph_fraction"] for row in rows])
    counts = markup_counts(*string_view(pa.array(texts)))
    np.testing.assert_array_equal(counts.link_chars_D / counts.chars_D, [row["link_char_fraction"] for row in rows])
    return texts, fraction


def test_curator_agrees_on_the_golden_set_given_its_phrases():
    texts, fraction = assert_curator_agrees(curator.golden_rows())
    assert len(texts) > 200
    assert (fraction > 0).sum() > 50


@pytest.mark.slow
def test_curator_agrees_on_real_documents_given_its_phrases():
    texts, fraction = assert_curator_agrees(curator.real_rows())
    assert len(texts) > 1000
    assert (fraction > 0).sum() > 10


def test_all_that_curator_finds_ours_finds_too():
    rows = [row for row in curator.golden_rows()[1:] if row["text"]]
    _, fraction, _ = measured([row["text"] for row in rows])
    assert (fraction >= [row["boilerplate_paragraph_fraction"] for row in rows]).all()


def test_boilerplate_agrees_with_its_oracle():
    texts = [row["text"] for row in curator.golden_rows()[1:]]
    np.testing.assert_array_equal(measured(texts)[1], [oracle.boilerplate_fraction(t, BOILERPLATE) for t in texts])
