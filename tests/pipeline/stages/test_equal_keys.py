import random
from collections import defaultdict
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from pipeline.config import EngineConfig
from pipeline.io.commit import write_json
from pipeline.stages import equal_keys
from pipeline.stages.engine import Engine
from pipeline.stages.equal_keys import RangeTask, group_equal_keys, read_groups, write_groups, write_keys
from tests.deduped import LocalEngine


def groups_in(paths):
    found = []
    for path in paths:
        members, offsets = read_groups(path)
        found += [members[a:b].tolist() for a, b in pairwise(offsets)]
    return found


def groups_by_hand(keys, ordinals):
    found = defaultdict(list)
    for key, ordinal in zip(keys, ordinals, strict=True):
        found[key].append(ordinal)
    return sorted(sorted(group) for group in found.values() if len(group) > 1)


def write_parts(folder, keys, ordinals, num_files):
    paths = []
    for i in range(num_files):
        paths.append(str(folder / f"{i}.npy"))
        columns = np.array(keys[i::num_files], np.uint64).reshape(-1, 2).T
        write_keys(paths[-1], list(columns), np.array(ordinals[i::num_files], np.int64))
    return paths


def grouped(engine, paths, rows, folder, key="key"):
    return group_equal_keys(engine, paths, rows=rows, columns=3, folder=str(folder), key=key, label="test")


def test_groups_by_hand(tmp_path):
    keys = [(5, 1), (2**64 - 1, 0), (5, 1), (5, 2), (2**64 - 1, 0), (0, 0)]
    paths = write_parts(tmp_path, keys, [30, 2, 10, 4, 1, 6], 2)
    assert groups_in(grouped(LocalEngine(), paths, 6, tmp_path / "groups")) == [[10, 30], [1, 2]]


def test_rank_columns_order_a_group_and_do_not_split_it(tmp_path):
    keys = np.array([7, 7, 9, 7, 9], np.uint64)
    ranks = [np.array([2, 1, 0, 1, 0], np.uint64), np.array([0, 5, 3, 4, 2**64 - 1], np.uint64)]
    write_keys(tmp_path / "a.npy", [keys, *ranks], np.array([10, 11, 12, 13, 14]))
    paths = group_equal_keys(
        LocalEngine(),
        [str(tmp_path / "a.npy")],
        rows=5,
        columns=4,
        rank_columns=2,
        folder=str(tmp_path / "groups"),
        key="key",
        label="test",
    )
    assert groups_in(paths) == [[13, 11, 10], [12, 14]]


def random_keys(num_rows, num_keys):
    chance = random.Random(7)
    choice = [(chance.getrandbits(64), chance.getrandbits(64)) for _ in range(num_keys)]
    return [chance.choice(choice) for _ in range(num_rows)], chance.sample(range(10**6), num_rows)


@pytest.mark.parametrize(
    ("num_rows", "shuffle_bytes", "range_bytes", "tasks", "ranges"),
    [(1000, 2**28, 2**23, 0, 1), (1000, 2**28, 500, 0, 48), (1000, 4800, 2000, 6, 12), (12, 24, 240, 12, 12)],
)
def test_groups_are_the_same_in_any_number_of_tasks_and_ranges(
    tmp_path, monkeypatch, num_rows, shuffle_bytes, range_bytes, tasks, ranges
):
    """A single task is not worth a worker: the engine never sees it."""
    monkeypatch.setattr(equal_keys, "RANGE_BYTES", range_bytes)
    keys, ordinals = random_keys(num_rows, num_rows // 3)
    engine = LocalEngine(shuffle_bytes=shuffle_bytes, backwards=True)
    paths = grouped(engine, write_parts(tmp_path, keys, ordinals, 3), num_rows, tmp_path / "groups")
    assert (engine.tasks["test"], len(paths)) == (tasks, ranges)
    found = groups_in(paths)
    assert sorted(found) == groups_by_hand(keys, ordinals)
    assert len(found) > 2


def test_ranges_share_even_keys_evenly(tmp_path):
    """So that a range has as many rows as the memory of a worker is meant for."""
    keys = [(i * (2**64 // 1000), 0) for i in range(1000)]
    (path,) = write_parts(tmp_path, keys, list(range(1000)), 1)
    task = RangeTask(0, 10, 10, 3, 0, "", "")
    sizes = [equal_keys._rows_of_range(path, task, index).shape[1] for index in range(10)]
    assert sum(sizes) == 1000
    assert set(sizes) <= {99, 100, 101}


@pytest.mark.slow
def test_worker_processes_make_the_same_files_and_finished_ones_are_left(tmp_path, monkeypatch):
    monkeypatch.setattr(equal_keys, "RANGE_BYTES", 2400)
    keys, ordinals = random_keys(1000, 300)
    paths, folder = write_parts(tmp_path, keys, ordinals, 2), tmp_path / "groups"
    alone = [path.read_bytes() for path in grouped(LocalEngine(), paths, 1000, tmp_path / "alone")]
    engine = Engine(EngineConfig(shuffle_bytes=4800), workers=2)
    files = grouped(engine, paths, 1000, folder)
    assert [path.read_bytes() for path in files] == alone
    assert len(files) == 10
    before = [path.stat().st_mtime_ns for path in files]
    (folder / "000004.json").unlink()
    assert [path.read_bytes() for path in grouped(engine, paths, 1000, folder)] == alone
    after = [path.stat().st_mtime_ns for path in files]
    assert [i for i in range(10) if before[i] != after[i]] == [4, 5]


def test_no_rows_make_an_empty_group_file(tmp_path):
    paths = grouped(LocalEngine(), write_parts(tmp_path, [], [], 1), 0, tmp_path / "groups")
    assert groups_in(paths) == []
    assert len(paths) == 1


small = st.integers(0, 3)


@given(rows=st.lists(st.tuples(small, small), max_size=30), ranges=st.integers(1, 5), order=st.randoms())
def test_what_is_grouped_does_not_depend_on_the_order_of_files(tmp_path_factory, rows, ranges, order):
    folder = tmp_path_factory.mktemp("groups")
    keys = [(high * 2**62 + 17, low) for high, low in rows]
    paths = write_parts(folder, keys, list(range(len(rows))), 3)
    order.shuffle(paths)
    write_json(folder / "inputs.json", paths)
    task = RangeTask(0, ranges, ranges, 3, 0, str(folder / "inputs.json"), str(folder / "out"))
    assert write_groups(task) == {"rows": len(rows)}
    expected = groups_by_hand(keys, range(len(rows)))
    event(f"groups: {min(3, len(expected))}")
    assert groups_in(task.path(i) for i in range(ranges)) == [
        group for _, group in sorted((keys[group[0]], group) for group in expected)
    ]
