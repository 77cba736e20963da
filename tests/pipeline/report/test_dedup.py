"""What a report tells of a de-duplication."""

import re

from pipeline.report.dedup import dedup_details
from pipeline.report.facts import gather
from pipeline.report.page import page
from tests.pipeline.report.fake_run import NEAR, manifest, write_run
from tests.pipeline.report.test_page import checked


def test_every_figure_stands_in_a_table():
    text = checked(dedup_details({"job": "02-near_dedup", **NEAR})).text
    assert re.search(r"0.80 to 0.85\s*5\s*5\s*100.0%\s*95.1%", text)
    assert re.search(r"2-3\s*8", text)
    assert re.search(r"news/<part>-#\s*300\s*40\s*13.3%\s*1.2 kB", text)


def test_the_curve_has_a_dot_per_bin_and_says_what_it_shows():
    found = checked(dedup_details({"job": "02-near_dedup", **NEAR}))
    assert found.tags.count("circle") == 3
    assert ("aria-label", "Pairs that 02-near_dedup nominates, by similarity") in found.attributes


def test_a_job_without_such_figures_adds_nothing():
    assert dedup_details({"job": "01-exact_dedup", "in": 3}) == ""


def test_weak_recall_and_tripwires_are_to_be_looked_into(tmp_path):
    run = manifest()
    run["jobs"][2] |= {
        "planted_recall": 0.875,
        "warnings": ["02-near_dedup: source news would lose 40 of 41 documents"],
    }
    facts = gather(write_run(tmp_path), run)
    assert any("only 88% were found" in warning for warning in facts["warnings"])
    assert "02-near_dedup: source news would lose 40 of 41 documents" in facts["warnings"]
    assert "Sources that lost most" in page(facts)
