"""Whole models: the probabilities of the oracle, sums of one, the same bytes in any order and memory."""

import os
import random
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from pipeline.config import PerplexityConfig
from pipeline.errors import UserError
from pipeline.io.arpa import read_arpa
from pipeline.stages.perplexity import PerplexityStage
from pipeline.stages.train_ngrams import train_ngrams
from tests.benchmarks.perplexity_separation import KINDS, SOURCES, halves, separation, trained
from tests.datatrove import read_jsonl
from tests.documents import documents
from tests.golden.make_lmplz import GOLDEN, lmplz_model
from tests.oracles.kneser_ney import Arpa, KneserNey
from tests.pipeline.stages.ngram_cases import PROSE, settings, train
from tests.shared_data import shared

WORDS = "ab世"
SENTENCES = st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=8), min_size=1, max_size=12)


def assert_the_oracle_agrees(arpa: Arpa, oracle: KneserNey, contexts: int = 30) -> None:
    """On every n-gram of the file, and on every word behind contexts that were seen, half seen or never."""
    assert set(arpa.log10) - {("<s>",), ("<unk>",)} == oracle.kept
    for ngram in arpa.log10:
        if ngram != ("<s>",):
            expected = oracle.probability(ngram[-1], ngram[:-1])
            assert arpa.probability(ngram[-1], ngram[:-1]) == pytest.approx(expected, rel=1e-6)
    choose = random.Random(7)
    words = [*oracle.vocabulary, "never"]
    for _ in range(contexts):
        context = tuple(choose.choices(words, k=choose.randrange(oracle.order)))
        context = ("<s>", *context[1:]) if choose.random() < 0.3 else context
        total = 0.0
        for word in oracle.vocabulary:
            found = arpa.probability(word, context)
            assert found == pytest.approx(oracle.probability(word, context), rel=1e-6)
            total += found
        assert total == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("prune", [[0], [0, 0, 1], [0, 1], [1, 1, 2]])
def test_probabilities_are_those_of_the_oracle(tmp_path, order, prune):
    text, facts = train(tmp_path, [PROSE], order=order, prune=prune)
    arpa, oracle = Arpa(text), KneserNey([line.split() for line in PROSE.split("\n")], order, prune)
    assert_the_oracle_agrees(arpa, oracle)
    assert facts["ngrams"] == [arpa.sizes[n] for n in range(1, order + 1)]
    assert [list(map(pytest.approx, one)) for one in oracle.discounts] == facts["discounts"]


@examples(max_examples=60)
@given(sentences=SENTENCES, order=st.integers(1, 5), prune=st.sampled_from([(0,), (0, 0, 1), (0, 1, 2), (1,)]))
@example(sentences=[["a"]], order=5, prune=(0,))
@example(sentences=[["a"]], order=1, prune=(1,))
@example(sentences=[["a"] * 8] * 12, order=4, prune=(0, 0, 1))
def test_probabilities_are_those_of_the_oracle_on_any_text(sentences, order, prune):
    with tempfile.TemporaryDirectory() as folder:
        text, _ = train(Path(folder), ["\n".join(map(" ".join, sentences))], order=order, prune=list(prune))
    assert_the_oracle_agrees(Arpa(text), KneserNey(sentences, order, prune), contexts=5)


def long_text(num_words=60_000, num_distinct=100_000):
    """Sentences of words with the frequencies of Zipf, so that n-grams come back."""
    choose = random.Random(3)
    words = [f"w{int(num_distinct ** choose.random())}" for _ in range(num_words)]
    return "\n".join(" ".join(words[i : i + 12]) for i in range(0, num_words, 12))


def test_a_text_of_its_own_has_discounts_of_its_own(tmp_path):
    """Large enough for the closed form in every order."""
    text = long_text(30_000)
    written, facts = train(tmp_path, [text], order=3)
    assert facts["fallback_orders"] == []
    oracle = KneserNey([line.split() for line in text.split("\n")], 3)
    assert [list(map(pytest.approx, one)) for one in oracle.discounts] == facts["discounts"]
    arpa = Arpa(written)
    for ngram in random.Random(1).sample(sorted(arpa.log10), 300):
        if ngram != ("<s>",):
            expected = oracle.probability(ngram[-1], ngram[:-1])
            assert arpa.probability(ngram[-1], ngram[:-1]) == pytest.approx(expected, rel=1e-6)


def test_memory_batches_and_order_do_not_matter(tmp_path):
    lines = long_text().split("\n")
    expected, facts = train(tmp_path, ["\n".join(lines)], memory_bytes=1 << 28)
    assert facts["sorted_runs"] == 0
    random.Random(4).shuffle(lines)
    shuffled = [pa.array(lines[i : i + 700]) for i in range(0, len(lines), 700)]
    path = tmp_path / "other.arpa"
    facts = train_ngrams(shuffled, settings(), path, memory_bytes=1)
    assert facts["sorted_runs"] > 10
    assert path.read_text() == expected
    assert sorted(file.name for file in tmp_path.iterdir()) == ["model.arpa", "other.arpa"]


def test_facts_by_hand(tmp_path):
    _, facts = train(tmp_path, ["a b <s> a\n\nb", ""], order=2, prune=[0, 1])
    assert {key: facts[key] for key in facts if key not in ("seconds", "bytes")} == {
        "documents": 2,
        "sentences": 2,
        "words": 4,
        "distinct_words": 2,
        "skipped_special_words": 1,
        "ngrams": [5, 0],
        "pruned": [0, 6],
        "discounts": [[0.5, 1.0, 1.5]] * 2,
        "fallback_orders": [1, 2],
        "sorted_runs": 0,
    }
    assert facts["bytes"] == (tmp_path / "model.arpa").stat().st_size


def test_lines_are_sentences_and_what_is_read_is_what_will_be_scored(tmp_path):
    """In profile ccnet each line is in normal form, and empty ones are sentences too."""
    text, facts = train(tmp_path, ["A\n\nB 12", None], order=2, profile="ccnet")
    assert {" ".join(ngram) for ngram in Arpa(text).log10 if len(ngram) == 2} == {
        "<s> a", "a </s>", "<s> </s>", "<s> b", "b 00", "00 </s>"
    }  # fmt: skip
    assert (facts["documents"], facts["sentences"], facts["words"]) == (1, 3, 3)
    arpa = tmp_path / "model.arpa"
    stage = PerplexityStage(PerplexityConfig(model=str(arpa)))
    assert stage(documents(["A\n\nB 12"])).signals["perplexity.num_pieces"].tolist() == [6]


def test_only_the_first_documents_are_read(tmp_path):
    batches = [pa.array(["a b", None, "c d"]), pa.array(["e f", "g"]), pa.array(["h"])]
    path = tmp_path / "model.arpa"
    facts = train_ngrams(batches, settings(max_documents=3, order=1), path)
    words = {ngram[0] for ngram in Arpa(path.read_text()).log10}
    assert (facts["documents"], words) == (3, {"<unk>", "<s>", "</s>", *"abcdef"})


@pytest.mark.parametrize("texts", [[], [""], ["\n \t\n", "<s> </s>"]])
def test_a_text_without_words_is_the_users_affair(tmp_path, texts):
    with pytest.raises(UserError, match=f"{len(texts)} reference documents have no words"):
        train(tmp_path, texts)
    assert list(tmp_path.iterdir()) == []


def test_a_word_of_a_megabyte(tmp_path):
    long = "x" * (1 << 20)
    text, _ = train(tmp_path, [f"{long} a {long}"], order=2)
    assert_the_oracle_agrees(Arpa(text), KneserNey([[long, "a", long]], 2), contexts=2)


def assert_same_models(ours: Arpa, theirs: Arpa) -> None:
    """The same n-grams, probabilities and backoffs; lmplz reckons with 24 bits."""
    assert ours.log10.keys() == theirs.log10.keys()
    for values, expected in ((ours.log10, theirs.log10), (ours.backoff, theirs.backoff)):
        found = np.array([[values[ngram], expected[ngram]] for ngram in expected])
        np.testing.assert_allclose(found[:, 0], found[:, 1], rtol=0, atol=2e-6)


@pytest.mark.parametrize("row", range(8))
def test_models_are_those_of_lmplz(tmp_path, row):
    golden = read_jsonl(GOLDEN)
    assert len(golden) == 8
    one = golden[row]
    text, facts = train(tmp_path, [one["text"]], order=one["order"], prune=one["prune"])
    assert facts["fallback_orders"] == one["fallback_orders"]
    np.testing.assert_allclose(facts["discounts"], one["discounts"], rtol=1e-5)
    assert_same_models(Arpa(text), Arpa(one["arpa"]))


@pytest.mark.slow
@pytest.mark.parametrize("prune", [(0,), (0, 0, 1)])
def test_models_of_real_text_are_those_of_lmplz(tmp_path, prune):
    """Skips without CORPUSMILL_LMPLZ, the program that tests/golden/make_lmplz.py describes."""
    lmplz = os.environ.get("CORPUSMILL_LMPLZ") or pytest.skip("set CORPUSMILL_LMPLZ to kenlm's lmplz")
    books = [row["text"] for row in read_jsonl(shared("corpus/classic_books.jsonl.zst"))[:5]]
    lines = [line for book in books for line in book.replace("\r", "\n").split("\n") if line.split()]
    text, facts = train(tmp_path, ["\n".join(lines)], memory_bytes=1 << 28, prune=list(prune))
    assert facts["fallback_orders"] == []
    assert_same_models(Arpa(text), Arpa(lmplz_model(lmplz, "\n".join(lines) + "\n", 5, prune)[0]))


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES)
def test_made_text_scores_worse_than_clean_text(tmp_path, source):
    """Text whose pairs of words are real by what words gain from context, not by its perplexity."""
    passages = halves(source)
    areas = separation(trained(passages.training, tmp_path), passages).areas
    assert set(areas["both"]) == set(KINDS)
    assert {kind: area for kind, area in areas["both"].items() if area < 0.95} == {}
    assert {kind for kind, area in areas["perplexity"].items() if area < 0.95} == {"pairs", "known pairs"}


@given(text=st.text(max_size=60))
@example(text="\\data\\ ngram 1=3\n\\1-grams: -1.5 \\end\\\n\x85 \xa0 \u2028 \u3000 \ufeff # \x1f 0 -99")
def test_any_words_can_be_read_back(text):
    """What stands between two words in the file is never in one."""
    with tempfile.TemporaryDirectory() as folder:
        _, facts = train(Path(folder), [text, "a word"], order=3)
        model = read_arpa(Path(folder, "model.arpa"))
    assert model.words.starts_V1.size - 1 == facts["ngrams"][0] == facts["distinct_words"] + 3
