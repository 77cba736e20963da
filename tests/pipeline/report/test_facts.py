"""What report.json says of a run, and what it warns of."""

import json

import pytest

from pipeline.report.facts import gather
from tests.pipeline.report.fake_run import NEAR, manifest, row_job, stage, write_run


@pytest.fixture
def facts(tmp_path):
    return gather(write_run(tmp_path), manifest())


def test_totals_by_hand(facts):
    assert facts["totals"] == {
        "records": 1000,
        "documents": 958,
        "kept": 560,
        "bytes_read": 4_000_000,
        "kept_text_bytes": 900_000,
        "documents_per_second": 239.5,
        "megabytes_per_second": 1.0,
    }


def test_the_funnel_adds_up_in_json_as_well(facts):
    assert len(facts["funnel"]) == 7
    for hop in facts["funnel"]:
        assert hop["in"] == hop["out"] + sum(hop["reasons"].values())


def test_personal_data_is_counted_by_type(facts):
    assert facts["pii"] == {"email": 31, "ip": 4}


def test_kept_languages_are_counted_and_unlabelled_documents_are_not(facts):
    assert facts["languages"] == {"en": 2, "de": 1}


def test_sizes_are_those_on_disk(facts):
    assert facts["sizes"]["packed"] == {"files": 1, "bytes": 1500}
    assert facts["sizes"]["tokenizer"] == {"files": 1, "bytes": 2}
    assert "adapter" not in facts["sizes"]


def test_samples_stand_in_the_order_of_the_funnel(facts):
    assert [(s["stage"], s["rule"], s["count"], len(s["samples"])) for s in facts["samples"]] == [
        ("language", "not_kept", 100, 3),
        ("gopher_quality", "too_few_words", 200, 3),
    ]


def test_jobs_carry_their_own_figures_without_bookkeeping(facts):
    assert facts["duplicates"][1] == {
        "job": "02-near_dedup",
        "in": 600,
        "out": 560,
        "duplicates": 40,
        "comparisons": 70,
        "seconds": 3.0,
        **NEAR,
    }
    assert facts["packing"][0]["splits"]["train"]["fill_fraction"] == 0.976
    assert facts["training"][1]["curve"][-1] == [100, 3.0, 2e-4, 9000.0]


def test_everything_is_json(facts):
    assert json.loads(json.dumps(facts)) == facts


def test_the_same_run_gives_the_same_facts(tmp_path, facts):
    assert gather(tmp_path, manifest()) == facts


def test_a_healthy_run_warns_of_silent_rules_and_quarantine_alone(facts):
    assert facts["warnings"] == [
        "gopher_quality: too_many_words never fired on 858 documents",
        "read: 2 records could not be read; they lie in quarantine/ with the reason",
    ]


def warnings_of(tmp_path, *jobs):
    return gather(tmp_path, manifest() | {"jobs": list(jobs)})["warnings"]


def test_a_rule_that_takes_everything_and_a_stage_that_sees_nothing_are_warned_of(tmp_path):
    found = warnings_of(tmp_path, row_job("00-rows", [stage("c4", 4, {"curly": 4}), stage("pii", 0, {})]))
    assert found == [
        "c4: curly holds for every one of the 4 documents it judged",
        "pii: no document came this far",
    ]


def test_a_rule_is_judged_by_what_it_saw_and_not_by_who_came_first(tmp_path):
    counts = {"evaluated": {"a": 4, "b": 2, "c": 0, "d": 4}, "fired": {"a": 1, "b": 2, "c": 0, "d": 0}}
    tally = stage("c4", 4, {"a": 1, "b": 1}, rules=["a", "b", "c", "d"], **counts)
    assert warnings_of(tmp_path, row_job("00-rows", [tally])) == [
        "c4: d never fired on 4 documents",
        "c4: c had nothing to judge in 4 documents",
        "c4: b holds for every one of the 2 documents it judged",
    ]


def test_many_silent_rules_are_all_named(tmp_path):
    run = manifest() | {"jobs": [row_job("00-rows", [stage("c4", 4, {"a": 1, "b": 0, "c": 0, "d": 0, "e": 0})])]}
    facts = gather(tmp_path, run)
    assert facts["warnings"] == ["c4: b, c, d, e never fired on 4 documents"]
    assert facts["funnel"][1]["never_fired"] == ["b", "c", "d", "e"]


def test_comparisons_not_made_are_warned_of(tmp_path):
    near = {"name": "01-near_dedup", "in": 9, "out": 8, "duplicates": 1, "comparisons_not_made": 1200}
    found = warnings_of(tmp_path, row_job("00-rows", [stage("pii", 9, {})]), near)
    assert found == ["01-near_dedup: 1,200 comparisons not made (near_dedup.max_representatives)"]


def test_a_split_that_stayed_empty_is_warned_of(tmp_path):
    pack = manifest()["jobs"][5] | {"empty_splits": ["validation"]}
    found = warnings_of(tmp_path, row_job("00-rows", [stage("c4", 570, {"curly": 10})]), pack)
    assert found == ["05-pack: no document for the validation split, which is left out"]


@pytest.mark.parametrize(
    ("curve", "warning"),
    [
        ([], "07-train: there was no validation split; only the training loss is known"),
        ([[0, 3.0], [100, 3.1]], "07-train: validation loss did not fall (3.000 -> 3.100)"),
        ([[0, 3.0], [100, float("nan")]], "07-train: validation loss did not fall (3.000 -> nan)"),
    ],
)
def test_a_training_that_learnt_nothing_is_warned_of(tmp_path, curve, warning):
    assert warnings_of(tmp_path, manifest()["jobs"][-1] | {"validation_curve": curve}) == [warning]


def test_a_run_that_only_trains_is_reported_too(tmp_path):
    facts = gather(tmp_path, manifest() | {"jobs": [manifest()["jobs"][-1]]})
    assert (facts["totals"], facts["funnel"], len(facts["training"])) == ({}, [], 1)
