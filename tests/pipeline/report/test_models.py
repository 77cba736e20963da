"""What a report tells of the models that a run trained for its row stages."""

import re

import pytest

from pipeline.report.facts import gather
from pipeline.report.models import model_details, model_warnings
from pipeline.report.page import page
from pipeline.stages.held_out import THRESHOLDS
from tests.pipeline.report.fake_run import manifest, write_run
from tests.pipeline.report.test_page import checked

NGRAMS = {
    "name": "00-perplexity_model",
    "stage": "perplexity",
    "documents": {"reference": 61, "corpus": 1200},
    "words": 1_963_894,
    "ngrams": [103_286, 764_505, 149_596],
    "pruned": [0, 0, 1_366_162],
    "discounts": [[0.5, 1.0, 1.5], [0.75, 1.125, 1.375], [0.875, 1.25, 1.5]],
    "fallback_orders": [],
    "cutoffs": [1831.3, 3760.5],
    "seconds": 6.5,
}
CLASSIFIER = {
    "name": "01-classifier_model",
    "stage": "classifier",
    "documents": {"positive": 900, "negative": 1100},
    "texts_in_both": 0,
    "loss_by_epoch": [0.6931, 0.2104],
    "held_out": {
        "documents": 200,
        "positive": 90,
        "accuracy": 0.945,
        "precision": None,
        "recall": 0.9,
        "auc": 0.9871,
        "thresholds": [
            {"min_score": one, "kept": 0.45, "positive_kept": 0.925, "negative_kept": None} for one in THRESHOLDS
        ],
    },
    "seconds": 2.0,
}


def test_an_n_gram_model_is_told_order_by_order():
    text = checked(model_details(NGRAMS)).text
    assert re.search(r"Learnt from\s*Documents\s*reference\s*61\s*corpus\s*1,200", text)
    assert re.search(r"3\s*149,596\s*1,366,162\s*0.875, 1.250, 1.500", text)
    assert re.search(r"head\s*1,831\s*middle\s*3,760", text)
    assert "held back" not in text


def test_a_classifier_is_told_by_documents_held_back():
    text = checked(model_details(CLASSIFIER)).text
    assert re.search(r"documents\s*200\s*positive\s*90\s*accuracy\s*0.945\s*precision\s*-\s*recall\s*0.9", text)
    assert re.search(r"AUC\s*0.9871", text)
    assert re.search(r"0.01\s*45.0%\s*92.5%", text)
    assert re.search(r"2\s*0.2104", text)
    assert "N-grams" not in text


def test_roles_are_text():
    assert "&lt;b&gt;" in model_details({"documents": {"<b>": 1}})


def test_a_job_without_such_figures_adds_nothing():
    assert model_details({"name": "x", "held_out": {"documents": 0}}) == ""
    assert list(model_warnings({"name": "x", "held_out": {"documents": 0, "auc": None}})) == []


@pytest.mark.parametrize(
    ("job", "warning"),
    [
        (CLASSIFIER | {"texts_in_both": 3}, "01-classifier_model: 3 texts are both positive and negative examples"),
        (
            CLASSIFIER | {"held_out": {"auc": 0.52}},
            "01-classifier_model: on documents held back its AUC is 0.52, where 0.5 is chance",
        ),
        (
            NGRAMS | {"fallback_orders": [4, 5]},
            "00-perplexity_model: n-grams of order 4, 5 took fallback discounts; the reference text is small",
        ),
    ],
)
def test_what_makes_a_model_doubtful_is_to_be_looked_into(job, warning):
    assert list(model_warnings(job)) == [warning]


def test_models_have_their_section_in_json_and_page(tmp_path):
    run = manifest()
    run["jobs"][:0] = [NGRAMS | {"key": "4" * 32}, CLASSIFIER | {"texts_in_both": 3}]
    facts = gather(write_run(tmp_path), run)
    assert [job["job"] for job in facts["models"]] == ["00-perplexity_model", "01-classifier_model"]
    assert facts["models"][0]["ngrams"] == NGRAMS["ngrams"]
    assert "key" not in facts["models"][0]
    assert any("3 texts are both" in warning for warning in facts["warnings"])
    html = page(facts)
    anchors = [html.index(f'id="{name}"') for name in ("funnel", "models", "duplicates")]
    assert anchors == sorted(anchors)
    section = html[anchors[1] : anchors[2]]
    assert "00-perplexity_model" in section
    assert "01-classifier_model" in section
    assert "words1,963,894" in checked(html).text
