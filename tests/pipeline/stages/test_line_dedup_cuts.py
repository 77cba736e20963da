import numpy as np

from pipeline.config import LineDedupConfig
from pipeline.stages.line_dedup_cuts import CutTask, histogram, warm, write_line_cuts
from pipeline.stages.line_dedup_units import UnitTask, write_units
from tests.deduped import write_corpus


def test_histogram_by_powers_of_two():
    assert histogram(np.array([1, 1, 2, 3, 4, 7, 8])) == {"1": 2, "2": 2, "4": 2, "8": 1}
    assert histogram(np.empty(0, np.int64)) == {}


def test_the_twenty_most_frequent_units_with_text_of_at_most_200_characters(tmp_path):
    lines = ["é" * 300] * 30 + [f"line {i}" for i in range(40) for _ in range(2 + i % 3)]
    units = UnitTask(
        write_corpus(tmp_path, ["\n".join(lines)]).shards[0], (), LineDedupConfig(), 0, str(tmp_path / "u")
    )
    write_units(units)
    result = write_line_cuts(CutTask(units, (), str(tmp_path / "cuts")))
    assert [one["count"] for one in result["frequent"]] == [30] + [4] * 13 + [3] * 6
    assert result["frequent"][0]["text"] == "é" * 200
    assert [one["text"] for one in result["frequent"][1:4]] == ["line 2", "line 5", "line 8"]
    assert (result["distinct"], result["repeated"]) == (41, 41)


def test_kernels_are_compiled_for_every_profile():
    for profile in LineDedupConfig.DEFAULTS:
        warm(LineDedupConfig(profile=profile))
