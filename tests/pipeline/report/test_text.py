"""The funnel in plain text."""

from pipeline.report.text import funnel_lines
from tests.pipeline.report.fake_run import manifest, row_job, stage


def test_lines_by_hand():
    assert funnel_lines(manifest()) == [
        "stage              in  out    kept  why the others went",
        "read            1,000  958   95.8%  skipped/warc_request 40, quarantined/bad_utf8 2",
        "language          958  858   89.6%  not_kept 100",
        "gopher_quality    858  650   75.8%  too_few_words 200, too_few_stop_words 8",
        "exact_dedup       650  600   92.3%  exact_duplicate 50",
        "near_dedup        600  560   93.3%  near_duplicate 40",
        "pii               560  560  100.0%",
        "whole           1,000  560   56.0%",
        "pack              560  560  100.0%",
        "",
        "04-train_tokenizer: 8,000 tokens",
        "06-train: model (full), 100 steps in 1 min 2 s: validation loss 9.100 -> 5.100",
        "07-train: adapter (lora), 100 steps in 1 min 2 s: validation loss 5.100 -> 3.100",
    ]


def test_the_biggest_reasons_are_named_and_the_rest_counted():
    counts = {"a": 1, "b": 9, "c": 5, "d": 7, "e": 2, "never": 0}
    lines = funnel_lines({"jobs": [row_job("00-rows", [stage("c4", 100, counts)])]})
    assert lines[2].endswith("b 9, d 7, c 5, 2 more 3")


def test_a_training_without_validation_tells_its_training_loss():
    run = {"jobs": [manifest()["jobs"][-1] | {"validation_curve": []}]}
    assert funnel_lines(run) == ["07-train: adapter (lora), 100 steps in 1 min 2 s: training loss 5.000 -> 3.000"]


def test_a_stage_that_no_document_reached_has_no_share():
    lines = funnel_lines({"jobs": [row_job("00-rows", [stage("c4", 3, {"curly": 3}), stage("pii", 0, {})])]})
    assert lines[3].split() == ["pii", "0", "0"]
