import numpy as np
import pytest

from pipeline.config import LineDedupConfig
from pipeline.stages import line_dedup_units
from pipeline.stages.line_dedup_units import COUNT, DOCUMENTS, MEMBER_BITS, PLACE, PLACE_BITS, UnitTask, write_units
from tests.deduped import write_corpus


def written(tmp_path, texts, **config):
    shard = write_corpus(tmp_path, texts).shards[0]
    task = UnitTask(shard, (), LineDedupConfig(**config), 5, str(tmp_path / "units"))
    return write_units(task), np.load(task.path), np.load(task.known_path), np.load(task.units_path)


def place(document, unit):
    return document << PLACE_BITS | unit


def test_equal_units_of_a_shard_are_one_row_with_the_best_place(tmp_path):
    counts, keys, known, units = written(tmp_path, ["a\nb\nA", "x\na"])
    assert (counts["documents"], counts["units"], counts["rows"], counts["bytes"]) == (2, 5, 3, 8)
    assert (np.diff(keys[0].astype(float)) > 0).all()
    assert keys[-1].tolist() == [(5 << MEMBER_BITS) + i for i in range(3)]
    rows = {tuple(column) for column in known[[PLACE, COUNT, DOCUMENTS]].T.tolist()}
    assert rows == {(place(0, 0), 3, 2), (place(0, 1), 1, 1), (place(1, 0), 1, 1)}
    assert units[0].tolist() == [place(0, 0), place(0, 1), place(0, 2), place(1, 0), place(1, 1)]
    assert known[PLACE][units[1]].tolist() == [place(0, 0), place(0, 1), place(0, 0), place(1, 0), place(0, 0)]


def test_the_keeper_rules_say_which_place_is_best(tmp_path):
    _, keys, known, units = written(tmp_path, ["a", "a\nlonger"], prefer=("longest", "first"))
    assert keys.shape == (4, 2)
    assert known[PLACE][units[1]].tolist() == [place(1, 0), place(1, 0), place(1, 1)]


def test_hashes_that_share_their_first_half_are_told_apart(tmp_path, monkeypatch):
    found = line_dedup_units.units_of_texts

    def half(texts, config):
        units = found(texts, config)
        return units._replace(one_U=np.zeros_like(units.one_U))

    monkeypatch.setattr(line_dedup_units, "units_of_texts", half)
    counts, _, known, _ = written(tmp_path, ["a\nb\na", "b\nc"])
    assert counts["rows"] == 3
    assert sorted(known[COUNT].tolist()) == [1, 2, 2]


def test_a_document_of_too_many_units_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(line_dedup_units, "PLACE_BITS", 2)
    with pytest.raises(ValueError, match="5 units; line_dedup takes 4"):
        written(tmp_path, ["a\nb\nc\nd\ne"])
