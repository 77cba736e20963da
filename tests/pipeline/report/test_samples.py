"""Samples come from the first drops of each rule, and cost no more than they must."""

import pyarrow.parquet as pq
import pytest

from pipeline.report import samples
from pipeline.report.samples import SAMPLE_CHARS, SAMPLES_PER_RULE, dropped_samples
from tests.pipeline.report.fake_run import dropped_table


def write(folder, name, rows, row_group_size=4):
    pq.write_table(dropped_table(rows), folder / name, row_group_size=row_group_size)


def test_the_first_of_each_rule_in_file_order(tmp_path):
    write(tmp_path, "b.parquet", [("c4", "curly", 9.0, "late"), ("c4", "lorem", 1.0, "only")])
    write(tmp_path, "a.parquet", [("c4", "curly", float(i), f"text {i}") for i in range(10)])
    found = dropped_samples(tmp_path, {("c4", "curly"): 11, ("c4", "lorem"): 1})
    assert [(s.rule, s.value, s.text) for s in found] == [
        ("curly", 0.0, "text 0"),
        ("curly", 1.0, "text 1"),
        ("curly", 2.0, "text 2"),
        ("lorem", 1.0, "only"),
    ]


def test_long_texts_are_cut_and_say_so(tmp_path):
    write(tmp_path, "a.parquet", [("c4", "curly", 1.0, "é" * 301), ("c4", "curly", 1.0, "é" * 300)])
    long, whole = dropped_samples(tmp_path, {("c4", "curly"): 2})
    assert (len(long.text), long.is_whole, len(whole.text), whole.is_whole) == (SAMPLE_CHARS, False, 300, True)


def test_dropped_text_that_was_not_kept_is_none(tmp_path):
    write(tmp_path, "a.parquet", [("c4", "curly", 1.0, None)])
    (found,) = dropped_samples(tmp_path, {("c4", "curly"): 1})
    assert (found.text, found.threshold) == (None, 50.0)


def test_no_more_row_groups_than_needed_are_read(tmp_path):
    write(tmp_path, "a.parquet", [("c4", "curly", 1.0, "text")] * 8)
    spoil_row_group(tmp_path / "a.parquet", 1)
    assert len(dropped_samples(tmp_path, {("c4", "curly"): 8})) == SAMPLES_PER_RULE
    with pytest.raises(OSError, match=r".+"):
        dropped_samples(tmp_path, {("c4", "curly"): 8, ("c4", "lorem"): 1})


def spoil_row_group(path, group):
    """Overwrite the group's pages, so that whoever reads them fails."""
    with pq.ParquetFile(path) as file:
        columns = [file.metadata.row_group(group).column(i) for i in range(file.metadata.num_columns)]
        start = min(c.dictionary_page_offset or c.data_page_offset for c in columns)
        size = sum(c.total_compressed_size for c in columns)
    with path.open("r+b") as file:
        file.seek(start)
        file.write(b"\xff" * size)


def test_the_search_ends_at_its_bound(tmp_path, monkeypatch):
    monkeypatch.setattr(samples, "MAX_ROWS_LOOKED_AT", 8)
    write(tmp_path, "a.parquet", [("c4", "curly", 1.0, "text")] * 8 + [("c4", "late", 1.0, "text")])
    assert {s.rule for s in dropped_samples(tmp_path, {("c4", "curly"): 8, ("c4", "late"): 1})} == {"curly"}


def test_a_folder_that_is_not_there_has_no_samples(tmp_path):
    assert dropped_samples(tmp_path / "none", {("c4", "curly"): 3}) == []
