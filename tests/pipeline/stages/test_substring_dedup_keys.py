import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import SubstringDedupConfig
from pipeline.stages import substring_dedup_keys
from pipeline.stages.equal_keys import save_array
from pipeline.stages.substring_dedup_keys import (
    PLACE_BITS,
    AnchorTask,
    WindowTask,
    distinct,
    is_among,
    place_range,
    write_anchors,
    write_windows,
)
from tests.deduped import write_corpus
from tests.oracles import substring_dedup as oracle

TEXTS = ["one two three four five", "zero one two three four five six", "", "one two three four", "a a a a a a", "last"]


def place(ordinal, word):
    return ordinal << PLACE_BITS | word


def anchors_of(folder, texts, window_words):
    documents = write_corpus(folder, texts)
    task = AnchorTask(documents.shards[0], (), window_words, str(folder / "anchors"))
    return task, write_anchors(task), np.load(task.path), np.load(task.known_path)


def test_a_shard_asks_about_two_places_of_an_anchor_and_knows_of_the_others(tmp_path):
    _, counts, keys, known = anchors_of(tmp_path, TEXTS, 4)
    found = [
        (a, place(d, first), tied) for d, text in enumerate(TEXTS) for a, first, _, tied in oracle.stretches(text, 4)
    ]
    assert (counts["documents"], counts["words"], counts["anchors"]) == (6, 23, len(found))
    assert counts["rows"] == keys.shape[1]
    assert (np.diff(keys[0].astype(object)) >= 0).all()
    asked = list(zip(*keys.tolist(), strict=True))
    by_anchor = {}
    for anchor, at, _ in found:
        by_anchor.setdefault(anchor, []).append(at)
    assert sorted(asked) == sorted((anchor, at) for anchor, places in by_anchor.items() for at in places[:2])
    rest = {at for places in by_anchor.values() for at in places[2:]} | {at for _, at, tied in found if tied}
    assert known.tolist() == sorted(rest)
    assert len(rest) > 1


@pytest.mark.parametrize("table_windows", [1, 2**21])
def test_the_best_of_equal_windows_is_asked_about_and_the_others_follow_it(tmp_path, monkeypatch, table_windows):
    monkeypatch.setattr(substring_dedup_keys, "TABLE_WINDOWS", table_windows)
    monkeypatch.setattr(substring_dedup_keys, "TEXT_BLOCK_BYTES", 1)
    task, _, keys, _ = anchors_of(tmp_path, TEXTS, 4)
    save_array(tmp_path / "answers", np.sort(np.stack([keys[1], keys[1]]).astype(np.int64), axis=1))
    config = SubstringDedupConfig(min_tokens=4, prefer=("longest", "first"))
    windows = WindowTask(task.shard, (), config, task.known_path, (str(tmp_path / "answers"),), str(tmp_path / "w"))
    counts = write_windows(windows)
    tables = [np.load(windows.table_path(i)) for i in range(counts["tables"])]
    assert (len(tables) > 1) == (table_windows == 1)
    assert counts["windows"] == sum(table.shape[1] for table in tables) == 2 + 4 + 1 + 3
    best = dict(zip(*np.concatenate(tables, axis=1).tolist(), strict=True))
    if table_windows > 1:
        assert best[place(0, 0)] == best[place(3, 0)] == place(1, 1)
    assert best[place(4, 1)] == best[place(4, 2)] == place(4, 0)
    for i, table in enumerate(tables):
        rows = np.load(windows.key_path(i))
        assert rows.shape[0] == 4  # two hashes, one rank, place
        assert sorted(rows[3].tolist()) == sorted(set(table[1].tolist()))
    assert counts["rows"] == sum(len(set(table[1].tolist())) for table in tables)


def test_a_shard_without_repeated_anchors_has_no_tables(tmp_path):
    task, *_ = anchors_of(tmp_path, ["one two three four five"], 4)
    config = SubstringDedupConfig(min_tokens=4)
    windows = WindowTask(task.shard, (), config, task.known_path, (), str(tmp_path / "w"))
    assert write_windows(windows) == {"windows": 0, "rows": 0, "tables": 0}


def test_places_of_a_shard(tmp_path):
    shards = write_corpus(tmp_path, ["a"] * 5, cuts=[2]).shards
    assert [place_range(shard) for shard in shards] == [(0, place(2, 0)), (place(2, 0), place(5, 0))]


@given(values=st.lists(st.integers(0, 5)))
def test_distinct(values):
    assert distinct(np.array(sorted(values), np.int64)).tolist() == sorted(set(values))


@given(values=st.lists(st.integers(-5, 5)), among=st.sets(st.integers(-5, 5)))
def test_is_among(values, among):
    got = is_among(np.array(values, np.int64), np.array(sorted(among), np.int64))
    assert got.tolist() == [value in among for value in values]
