import json
import os
import random
import subprocess
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pipeline.config import PerplexityConfig
from pipeline.errors import UserError
from pipeline.io.arpa import read_arpa
from pipeline.kernels.ngram_score import ngram_scores
from pipeline.stages.make import make_stage
from pipeline.stages.model_text import ModelText
from pipeline.stages.perplexity import ALL, FilterPerplexity, PerplexityStage
from tests.benchmarks.perplexity_separation import chained
from tests.datatrove import read_jsonl, real_texts
from tests.documents import assert_texts_after, documents
from tests.ngram_files import SMALL, arpa_file
from tests.pieces_files import pieces_model
from tests.shared_data import shared

PEER = Path(__file__).parents[2] / "benchmarks" / "peer_perplexity.py"


@pytest.fixture
def model(tmp_path):
    return arpa_file(tmp_path)


def stage(**settings) -> PerplexityStage:
    return PerplexityStage(PerplexityConfig.model_validate(settings))


def dropped(verdict) -> list[tuple[str, str, float, float]]:
    columns = ("doc_id", "rule", "value", "threshold")
    return [tuple(row[name] for name in columns) for row in verdict.dropped.to_pylist()]


def test_perplexity_by_hand(model):
    batch = documents(["a b", "a b\n\nb", "", "  ", "A  B!"])
    plain = stage(model=model, profile="plain")(batch).signals
    a_b, b = -0.5 - 0.03125 - 0.25, -0.5 - 1.25 - 0.25
    np.testing.assert_allclose(
        plain["perplexity.perplexity"][:4], [10 ** (-a_b / 3), 10 ** (-(a_b + b) / 5), np.nan, np.nan], rtol=1e-6
    )
    np.testing.assert_array_equal(plain["perplexity.num_pieces"], [3, 5, np.nan, np.nan, 3])
    ccnet = stage(model=model)(batch).signals
    end = -0.5 - 1.0  # CCNet scores empty lines, and white space, as sentences without words
    expected = [10 ** (-a_b / 3), 10 ** (-(a_b + end + b) / 6), np.nan, 10**-end]
    np.testing.assert_array_equal(ccnet["perplexity.perplexity"][:4], np.round(expected, 1))
    np.testing.assert_array_equal(ccnet["perplexity.num_pieces"], [3, 6, np.nan, 1, 3])


def test_buckets_are_kept_by_cutoffs(model):
    texts, perplexities = ["a b", "b", "x"], [1.8, 10.0, 31.6]
    verdict = stage(model=model, keep=["head", "middle"], cutoffs=[10.0, 31.0])(documents(texts))
    assert verdict.signals["perplexity.perplexity"].tolist() == perplexities
    assert verdict.signals["perplexity.bucket"].tolist() == [0, 1, 2]
    assert dropped(verdict) == [("d2", "bucket_not_kept", 31.6, 31.0)]
    verdict = stage(model=model, keep=["middle"], cutoffs=[10.0, 31.0])(documents(texts))
    assert dropped(verdict) == [("d0", "bucket_not_kept", 1.8, 10.0), ("d2", "bucket_not_kept", 31.6, 31.0)]
    verdict = stage(model=model, keep=["head"], cutoffs=[10.0, 31.0])(documents(texts))
    assert dropped(verdict) == [("d1", "bucket_not_kept", 10.0, 10.0), ("d2", "bucket_not_kept", 31.6, 31.0)]


def test_a_bound_on_perplexity_is_a_rule(model):
    verdict = stage(model=model, max_perplexity=10.0)(documents(["a b", "b", "x", ""]))
    assert dropped(verdict) == [("d2", "perplexity_too_high", 31.6, 10.0)]
    assert stage(model=model, max_perplexity=10.0).rules == ("perplexity_too_high",)
    both = stage(model=model, max_perplexity=10.0, keep=["head"], cutoffs=[2.0, 20.0])
    assert both.rules == ("bucket_not_kept", "perplexity_too_high")
    assert both(documents(["x"])).reasons() == {"bucket_not_kept": 1}
    assert stage(model=model).rules == stage(model=model, keep=["head", "middle", "tail"]).rules == ()


def test_a_gain_by_hand(model):
    signals = stage(model=model, profile="plain")(documents(["a b", "a\na b", "b", ""])).signals
    a_b, a = -0.03125 - -0.375, -0.0625
    np.testing.assert_allclose(signals["perplexity.context_gain"], [a_b / 3, (a + a_b) / 5, 0, np.nan], rtol=1e-6)


def test_a_bound_on_the_gain_is_a_rule(model):
    bounded = stage(model=model, min_context_gain=0.0)
    verdict = bounded(documents(["a b", "a", "b", ""]))
    assert dropped(verdict) == [("d1", "context_gain_too_low", -0.03125, 0.0)]
    assert bounded.rules == ("context_gain_too_low",)
    assert stage(model=model, min_context_gain=0.0, max_perplexity=2.0)(documents(["a"])).reasons() == {
        "perplexity_too_high": 1
    }


def test_a_bound_on_the_gain_needs_an_arpa_file(tmp_path):
    binary = tmp_path / "model.bin"
    binary.write_bytes(b"mmap lm http://kheafield.com/code format version 5\n\0")
    with pytest.raises(UserError, match=r"min_context_gain needs an ARPA file, and .*model\.bin is a binary of kenlm"):
        stage(model=str(binary), min_context_gain=0.0)


def test_each_language_has_its_model_and_cutoffs(tmp_path):
    paths = {"en": arpa_file(tmp_path), "de": arpa_file(tmp_path, SMALL.replace("-1.25\tb", "-2.25\tb"), "de.arpa")}
    batch = documents(["b", "b", "b", "b", "x"], lang=["en", "de", "fr", None, "en"])
    verdict = stage(model=paths, keep=["head"], cutoffs={"en": [11.0, 12.0], "fr": [1.0, 2.0]})(batch)
    np.testing.assert_array_equal(verdict.signals["perplexity.perplexity"], [10.0, 31.6, np.nan, np.nan, 31.6])
    assert verdict.signals["perplexity.bucket"].tolist() == [0, ALL, ALL, ALL, 2]
    assert dropped(verdict) == [("d4", "bucket_not_kept", 31.6, 12.0)]


def test_cutoffs_are_ccnets_unless_given(tmp_path):
    steep = arpa_file(tmp_path, SMALL.replace("-1.5\t<unk>", "-7.0\t<unk>"))
    batch = documents(["x", "x", "b", "x"], lang=["en", "ko", "en", "tlh"])
    verdict = stage(model=steep, keep=["head", "middle"])(batch)
    assert verdict.signals["perplexity.bucket"].tolist() == [2, 2, 0, ALL]
    assert dropped(verdict) == [("d0", "bucket_not_kept", 17782.8, 520.0), ("d1", "bucket_not_kept", 17782.8, 2130.0)]


def test_pieces_are_those_of_the_language(tmp_path):
    english, german = pieces_model(tmp_path, "en.model"), pieces_model(tmp_path, "de.model", vocab_size=60)
    model = arpa_file(tmp_path)
    texts = ["the quick brown fox"] * 2
    verdict = stage(model={"en": model, "de": model}, pieces={"en": english, "de": german})(
        documents(texts, lang=["en", "de"])
    )
    expected = [len(ModelText("ccnet", path)(pa.array(texts[:1]))[0].as_py().split()) + 1 for path in (english, german)]
    assert verdict.signals["perplexity.num_pieces"].tolist() == expected
    assert expected[0] < expected[1]


def test_it_can_be_judged_again_from_what_was_measured(model):
    batch = documents(["a b", "b", "x", ""], lang=["en", "en", "de", "en"])
    measured = stage(model=model)(batch).signals
    cutoffs = {"en": [5.0, 6.0], "de": [40.0, 50.0]}
    strict = stage(model=model, keep=["head"], cutoffs=cutoffs, max_perplexity=20.0, min_context_gain=0.01)
    gone = [rule.gone_D.tolist() for rule in strict.rules_on(measured, batch.column("lang"))]
    assert gone == [[False, True, False, False], [False, False, True, False], [False, True, True, False]]


def test_any_batching_gives_the_same_rows(tmp_path, model):
    texts = ["a b", "", "été a\nb", "x " * 50, "a b\n" * 30, "\n", "b"] * 4
    batch = documents(texts, lang=["en", "de", None, "en", "en", "de", "en"] * 4)
    for settings in ({}, {"pieces": pieces_model(tmp_path)}, {"profile": "plain"}, {"model": {"en": model}}):
        one = stage(**{"model": model, "max_perplexity": 9.0} | settings)
        whole = one(batch)
        parts = [one(batch.slice(i, 1)) for i in range(len(texts))]
        assert [row for part in parts for row in part.dropped.to_pylist()] == whole.dropped.to_pylist()
        for name in whole.signals:
            np.testing.assert_array_equal(np.concatenate([part.signals[name] for part in parts]), whole.signals[name])


def test_rows_that_stay_are_left_as_they_are(model):
    batch = documents(["A É 1", "b"], messages=[[{"role": "user", "content": "A", "train": True}], None])
    assert stage(model=model)(batch).kept.equals(batch)


def test_a_document_of_50_megabytes_is_measured(model):
    line = "a b x\n"
    (perplexity,) = stage(model=model, profile="plain")(documents([line])).signals["perplexity.perplexity"]
    huge = stage(model=model, profile="plain")(documents([line * (50 * 10**6 // len(line))])).signals
    assert huge["perplexity.perplexity"][0] == pytest.approx(perplexity)
    assert huge["perplexity.num_pieces"][0] == 50 * 10**6 // len(line) * 4


@pytest.mark.parametrize("profile", ["ccnet", "plain"])
@pytest.mark.parametrize("has_pieces", [False, True])
def test_odd_texts_have_an_answer(tmp_path, model, profile, has_pieces):
    texts = ["", " \n\t ", "unseen words alone", "y" * 2**20, "\x00", "😀 العَرَبِيَّة ไทย", "\u3000", "<s> </s> <unk>"]
    pieces = pieces_model(tmp_path) if has_pieces else "words"
    verdict = stage(model=model, profile=profile, pieces=pieces, max_perplexity=1e40)(documents(texts))
    perplexity_D = verdict.signals["perplexity.perplexity"]
    assert np.isnan(perplexity_D[0])
    assert np.isfinite(perplexity_D[[2, 3, 5]]).all()
    assert verdict.kept.num_rows == len(texts)


def test_files_that_are_missing_or_no_models_are_refused(tmp_path, model):
    with pytest.raises(UserError, match=r"no n-gram model at .*none\.arpa"):
        stage(model=str(tmp_path / "none.arpa"))
    with pytest.raises(UserError, match=r"no n-gram model at .*none\.arpa"):
        stage(model={"en": model, "de": str(tmp_path / "none.arpa")})
    with pytest.raises(UserError, match=r"is no SentencePiece model"):
        stage(model=model, pieces=model)


def test_the_recipe_makes_the_stage(model):
    from pipeline.config import StageEntry

    made = make_stage(StageEntry.model_validate({"perplexity": {"model": model, "max_perplexity": 10.0}}))
    assert made(documents(["x"])).reasons() == {"perplexity_too_high": 1}


def test_the_transform_keeps_what_the_stage_keeps(model):
    batches = [documents(["a b", "x"]), documents(["x"])]
    assert_texts_after(FilterPerplexity(PerplexityConfig(model=model, max_perplexity=10.0)), batches, ["a b"])


def trained(folder: Path, texts: list[str], pieces: str) -> str:
    """Path of a model of order 4 trained on the texts."""
    from pipeline.stages.train_ngrams import train_ngrams

    reference = {"input": [{"format": "text", "paths": ["-"]}], "order": 4}
    config = PerplexityConfig.model_validate({"reference": reference, "pieces": pieces})
    path = folder / "trained.arpa"
    train_ngrams([pa.array(texts)], config, path)
    return str(path)


@pytest.mark.slow
@pytest.mark.parametrize("has_pieces", [False, True])
def test_kenlm_in_ccnets_loop_agrees_on_real_documents(tmp_path, has_pieces):
    python = os.environ.get("CORPUSMILL_PEERS")
    if not python:
        pytest.skip("set CORPUSMILL_PEERS to the Python of a virtual environment that has kenlm and sentencepiece")
    texts = [*real_texts(1000), *(row["text"] for row in read_jsonl(shared("corpus/multilang_news.jsonl.zst"))[:400])]
    pieces = str(shared("models/sentencepiece_test_model.model")) if has_pieces else "words"
    path = trained(tmp_path, texts[:300], pieces)
    (tmp_path / "texts.json").write_text(json.dumps(texts))
    command = [python, str(PEER), str(tmp_path / "texts.json"), path, pieces, "--scores"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    theirs = json.loads(done.stdout)
    if isinstance(theirs, dict):
        pytest.skip(f"{python} has no kenlm")
    log10_D, num_pieces_D = np.array(theirs).T
    model, model_text = read_arpa(path), ModelText("ccnet", pieces)
    ours = ngram_scores(model_text.numbered(pa.array(texts), model), model, skips_empty=model_text.skips_empty)
    off_by = np.abs(ours.log10_D - log10_D) / np.maximum(1, np.abs(log10_D))
    # sentencepiece splits runs of dashes in ways of equal score, by what stands before them
    agree = (off_by < 1e-4) & (ours.num_pieces_D == num_pieces_D)
    assert agree.mean() >= (0.85 if has_pieces else 1)
    assert (off_by < 0.03).all()


@pytest.mark.slow
def test_scrambled_and_made_up_text_scores_worse_than_clean_text(tmp_path):
    rng = random.Random(1)
    texts = [row["text"] for row in read_jsonl(shared("corpus/reuters21578.jsonl.zst")) if len(row["text"]) > 400]
    path = trained(tmp_path, texts[::2], "words")
    clean = texts[1::2][:500]
    scrambled = [" ".join(rng.sample(text.split(), len(text.split()))) for text in clean]
    vocabulary = sorted({word for text in clean for word in text.split()})
    made_up = [" ".join(rng.choices(vocabulary, k=len(text.split()))) for text in clean]
    one_line = [" ".join(text.split()) for text in clean]
    measured = [
        stage(model=path)(documents(t)).signals["perplexity.perplexity"] for t in (one_line, scrambled, made_up)
    ]
    for worse in measured[1:]:
        assert np.mean(measured[0][:, None] < worse[None, :]) >= 0.95  # the area under the ROC curve


@pytest.mark.slow
def test_a_chain_of_real_pairs_gains_less_by_context_than_clean_text(tmp_path):
    texts = [row["text"] for row in read_jsonl(shared("corpus/reuters21578.jsonl.zst")) if len(row["text"]) > 400]
    path = trained(tmp_path, texts[::2], "words")
    clean = [" ".join(text.split()) for text in texts[1::2][:500]]
    chain = chained(clean, texts[::2], random.Random(1))  # every pair of words is one that the model has learnt
    of_clean, of_chain = (stage(model=path)(documents(t)).signals for t in (clean, chain))

    def area(signal: str, sign: int) -> float:
        return float(np.mean(sign * of_clean[signal][:, None] < sign * of_chain[signal][None, :]))

    assert area("perplexity.perplexity", 1) < 0.6
    assert area("perplexity.context_gain", -1) >= 0.95
