import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.io.arpa import read_arpa
from pipeline.kernels.buffers import string_view
from pipeline.kernels.ngram_score import END_OF_LINE, NgramModel, Scores, ngram_scores, numbered, repeated
from tests.ngram_files import arpa_file
from tests.oracles import ngram_model as oracle

pytestmark = pytest.mark.filterwarnings("ignore:.* has no <unk>")

SPACES = [
    " ",
    "\n",
    "\t",
    "\r\n",
    "  ",
    "\x00",
    "\x0b",
    "\x1f",
    "\x85",
    "\u00a0",
    "\u2003",
    "\u3000",
    "\u1680",
    "\u205f",
]
PIECES = [
    *oracle.WORDS,
    *SPACES,
    "<s>",
    "</s>",
    "<unk>",
    "\u2581",
    "\u2100",
    "\u1681",
    "ไทย",
    "العَرَبِيَّة",
    "e\u0301",
    "🏴",
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=30).map("".join) | st.text(max_size=12)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """(model, its twin) of every order."""
    folder = tmp_path_factory.mktemp("models")
    texts = [oracle.random_arpa(seed, order, has_unknown=seed != 2) for seed, order in enumerate(range(1, 7))]
    return [(read_arpa(arpa_file(folder, text)), oracle.read(text)) for text in texts]


def scores(array: pa.StringArray, model: NgramModel, *, skips_empty: bool) -> Scores:
    return ngram_scores(numbered(*string_view(array), model), model, skips_empty=skips_empty)


def kenlm_words(sentence: str) -> list[str]:
    """Words between white space of ASCII or NUL, as bytes.split finds them."""
    return [word.decode() for word in sentence.encode().replace(b"\0", b" ").split()]


def expected(text: str, twin: oracle.Model, skips_empty: bool) -> tuple[float, float, int]:
    *lines, rest = text.split("\n")
    sentences = [line for line in lines if kenlm_words(line) or not skips_empty] + [rest] * bool(kenlm_words(rest))
    log10 = sum(twin.sentence(kenlm_words(sentence)) for sentence in sentences)
    gain = sum(twin.gain(kenlm_words(sentence)) for sentence in sentences)
    return log10, gain, sum(len(sentence.replace("\0", " ").split()) + 1 for sentence in sentences)


@settings(max_examples=300)
@given(docs=st.lists(TEXTS, max_size=20), skip=st.integers(0, 3), which=st.integers(0, 5), skips_empty=st.booleans())
def test_scores_agree_with_the_oracle_on_any_slice(models, docs, skip, which, skips_empty):
    model, twin = models[which]
    got = scores(pa.array(docs, pa.string()).slice(skip), model, skips_empty=skips_empty)
    wanted = [expected(doc, twin, skips_empty) for doc in docs[skip:]]
    np.testing.assert_allclose(got.log10_D, [log10 for log10, _, _ in wanted], rtol=1e-5)
    np.testing.assert_allclose(got.gain_D, [gain for _, gain, _ in wanted], rtol=1e-5, atol=1e-4)
    assert got.num_pieces_D.tolist() == [num for _, _, num in wanted]


def test_only_longer_histories_gain(models):
    texts = oracle.random_sentences(7, 200)
    gains = [scores(pa.array(texts), model, skips_empty=False).gain_D for model, _ in models]
    assert not gains[0].any()
    assert not gains[1].any()
    assert all((gain > 0.01).any() and (gain < -0.01).any() for gain in gains[2:])


def test_sentences_end_at_line_feeds(models):
    model, _ = models[2]
    texts = pa.array(["", "a", "a\n", "a\n\nb", "\n", " "])
    assert scores(texts, model, skips_empty=False).num_pieces_D.tolist() == [0, 2, 2, 5, 1, 0]
    assert scores(texts, model, skips_empty=True).num_pieces_D.tolist() == [0, 2, 2, 4, 0, 0]


def test_white_space_beyond_ascii_is_part_of_a_word_and_counts_as_space(models):
    model, _ = models[2]
    got = numbered(*string_view(pa.array(["a\u00a0b", "\u00a0", "▁the"])), model)
    assert np.diff(got.offsets_D1).tolist() == [1, 1, 1]
    assert got.num_split_D.tolist() == [2, 0, 1]
    assert got.numbers_P[:2].tolist() == [model.unknown] * 2


def test_repeated_texts_are_the_same_as_written_out(models):
    model, _ = models[3]
    parts, documents = ["a b ", "\n", "the ", ""], [[0, 2, 1, 0], [], [3, 1, 1, 2, 2]]
    cuts_K = np.array([part for document in documents for part in document], np.int32)
    cut_offsets_D1 = np.cumsum([0, *map(len, documents)])
    got = repeated(numbered(*string_view(pa.array(parts)), model), cuts_K, cut_offsets_D1)
    written = pa.array(["".join(parts[part] for part in document) for document in documents])
    for ours, theirs in zip(got, numbered(*string_view(written), model), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert END_OF_LINE in got.numbers_P


@pytest.mark.parametrize("unit", ["x", "a ", "\u00a0", "日", "\n", "a\n"])
def test_a_megabyte_on_one_line_is_scored(models, unit):
    model, twin = models[2]
    text = unit * (2**20 // len(unit.encode()))
    got = scores(pa.array([text]), model, skips_empty=True)
    log10, gain, num_pieces = expected(unit * 400, twin, True)
    if "a" in unit or unit == "\n":
        assert got.log10_D[0] == pytest.approx(log10 * len(text) / len(unit) / 400, rel=0.02)
        assert got.gain_D[0] == pytest.approx(gain * len(text) / len(unit) / 400, rel=0.02)
    else:
        assert got.log10_D[0] == pytest.approx(twin.sentence([text]), rel=1e-5)
        assert got.num_pieces_D[0] == num_pieces
