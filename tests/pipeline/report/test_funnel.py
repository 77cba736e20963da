"""Every hop adds up, and a manifest that does not is refused."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.report.funnel import Hop, ReportError, funnel, job_kind, jobs_of_kind, text_hops
from tests.pipeline.report.fake_run import manifest, pack_job, row_job, stage


def test_hops_by_hand():
    hops = [(hop.stage, hop.rows_in, hop.rows_out, dict(hop.reasons)) for hop in funnel(manifest())]
    assert hops == [
        ("read", 1000, 958, {"skipped/warc_request": 40, "quarantined/bad_utf8": 2}),
        ("language", 958, 858, {"not_kept": 100}),
        ("gopher_quality", 858, 650, {"too_few_words": 200, "too_many_words": 0, "too_few_stop_words": 8}),
        ("exact_dedup", 650, 600, {"exact_duplicate": 50}),
        ("near_dedup", 600, 560, {"near_duplicate": 40}),
        ("pii", 560, 560, {}),
        ("pack", 560, 560, {}),
    ]


def test_rules_stand_in_the_order_they_are_tried_also_those_that_never_fired():
    hop = funnel(manifest())[2]
    assert list(hop.reasons) == ["too_few_words", "too_many_words", "too_few_stop_words"]
    assert hop.never_fired == ("too_many_words",)
    assert hop.always_fired == ()


def test_a_rule_that_took_everything_is_named():
    assert Hop("c4", "00-rows", 5, 0, {"lorem_ipsum": 5, "curly": 0}).always_fired == ("lorem_ipsum",)


def test_a_rule_that_saw_nothing_neither_fired_nor_failed_to():
    hop = Hop("c4", "00-rows", 0, 0, {"curly": 0})
    assert (hop.never_fired, hop.always_fired, hop.kept_fraction) == ((), (), None)


def test_two_pack_jobs_both_start_from_the_kept_documents():
    run = manifest()
    split = run["jobs"][5]["splits"]["train"] | {"documents": 100}
    run["jobs"].append(pack_job("06-pack", 560, {"train": split}, other_source=460))
    packs = [hop for hop in funnel(run) if hop.stage == "pack"]
    assert [(hop.rows_in, hop.rows_out, dict(hop.reasons)) for hop in packs] == [
        (560, 560, {}),
        (560, 100, {"other_source": 460}),
    ]
    assert [hop.stage for hop in text_hops(funnel(run))][-1] == "pii"


def test_a_run_that_only_trains_has_no_funnel():
    assert funnel({"jobs": [manifest()["jobs"][-1]]}) == []


def test_the_kind_of_a_job_is_its_name_without_the_number():
    assert [job_kind(job) for job in manifest()["jobs"]][:3] == ["rows", "exact_dedup", "near_dedup"]
    assert [job["name"] for job in jobs_of_kind(manifest(), "train", "pack")] == ["05-pack", "06-train", "07-train"]


def test_a_row_job_without_stages_passes_everything_on():
    run = {"jobs": [*manifest()["jobs"][:3], row_job("03-rows", [], rows=560)]}
    assert funnel(run)[-1].stage == "near_dedup"


@pytest.mark.parametrize(
    ("job", "key", "value", "message"),
    [
        (0, "documents", 950, "00-rows read: 1000 in, 950 out, 42 dropped"),
        (1, "duplicates", 49, "01-exact_dedup exact_dedup: 650 in, 600 out, 49 dropped"),
        (5, "documents", 559, "05-pack pack: 559 in, 560 out, 0 dropped"),
        (5, "dropped", {"no_text": 3}, "05-pack pack: 560 in, 560 out, 3 dropped"),
    ],
)
def test_a_count_that_does_not_add_up_is_refused(job, key, value, message):
    run = manifest()
    run["jobs"][job][key] = value
    with pytest.raises(ReportError, match=message):
        funnel(run)


def test_a_packing_of_other_documents_than_were_kept_is_refused():
    run = manifest()
    run["jobs"][5] |= {"documents": 563, "dropped": {"no_text": 3}}
    with pytest.raises(ReportError, match="05-pack: 560 documents were kept, 563 came"):
        funnel(run)


def test_rows_lost_between_hops_are_refused():
    run = manifest()
    run["jobs"][2] |= {"in": 590, "out": 550}
    with pytest.raises(ReportError, match="exact_dedup let 600 documents out, near_dedup got 590"):
        funnel(run)


@given(st.lists(st.lists(st.integers(0, 50), max_size=4), min_size=1, max_size=4), st.data())
def test_any_run_that_adds_up_passes_and_any_single_change_is_refused(drops, data):
    rows_in, stages = 1000, []
    for i, counts in enumerate(drops):
        stages.append(stage(f"s{i}", rows_in, {f"r{j}": n for j, n in enumerate(counts)}))
        rows_in = stages[-1]["out"]
    run = {"jobs": [row_job("00-rows", stages)]}
    hops = funnel(run)
    assert hops[-1].rows_out == 1000 - sum(map(sum, drops))
    spoilt = copy.deepcopy(run)
    victim = data.draw(st.integers(0, len(stages) - 1))
    key = data.draw(st.sampled_from(["in", "out"]))
    spoilt["jobs"][0]["stages"][victim][key] += data.draw(st.sampled_from([-1, 1]))
    with pytest.raises(ReportError, match="the manifest was changed, or this is a defect"):
        funnel(spoilt)
