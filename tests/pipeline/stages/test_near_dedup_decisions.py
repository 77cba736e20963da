import random
from itertools import pairwise

import numpy as np
import pytest

from pipeline.stages import near_dedup_decisions
from pipeline.stages.equal_keys import save_array
from pipeline.stages.near_dedup_decisions import Cast, nominate, split_components


def write_groups(path, groups):
    stored = [len(groups), *map(len, groups), *(m for group in groups for m in group)]
    save_array(path, np.array(stored, np.int64))
    return path


def test_nominated_documents_share_a_bucket(tmp_path):
    files = [write_groups(tmp_path / "0.npy", [[2, 5], [2, 5, 7]]), write_groups(tmp_path / "1.npy", [])]
    nominated = nominate(files, Cast(9))
    assert nominated.ordinals.tolist() == [2, 5, 7]
    assert (nominated.documents, nominated.candidate_pairs, nominated.biggest_bucket) == (3, 4, 3)


def test_planted_copies_are_nominated_but_not_counted(tmp_path):
    files = [write_groups(tmp_path / "0.npy", [[2, 5, 8], [5, 9], [8, 9], [1, 7, 8]])]
    nominated = nominate(files, Cast(7, 1, 2))  # 7 comes from an index, 8 and 9 are planted
    assert nominated.ordinals.tolist() == [1, 2, 5, 7, 8, 9]
    assert (nominated.documents, nominated.candidate_pairs, nominated.biggest_bucket) == (4, 2, 2)


def test_who_an_ordinal_stands_for():
    assert Cast(3, 2, 2).act(np.arange(7)).tolist() == [1, 1, 1, 0, 0, 2, 2]
    assert Cast(2).act(np.arange(2)).tolist() == [1, 1]


def buckets_of(stored):
    begins = np.flatnonzero(stored < 0).tolist()
    members = np.where(stored < 0, ~stored, stored).tolist()
    return [members[a:b] for a, b in pairwise([*begins, len(members)])]


@pytest.mark.parametrize("task_members", [1, 20, 10**6])
def test_every_bucket_is_in_one_task_and_no_component_is_cut(tmp_path, monkeypatch, task_members):
    monkeypatch.setattr(near_dedup_decisions, "TASK_MEMBERS", task_members)
    chance = random.Random(5)
    groups = [sorted(chance.sample(range(i % 40 * 10, i % 40 * 10 + 10), chance.randint(2, 4))) for i in range(120)]
    files = [write_groups(tmp_path / f"{i}.npy", groups[i::3]) for i in range(3)]
    nominated = nominate(files, Cast(400)).ordinals
    ranges = split_components(files, nominated, tmp_path / "members.npy")
    stored = np.load(tmp_path / "members.npy")
    assert [0, *(stop for _, stop in ranges)] == [*(start for start, _ in ranges), stored.size]
    tasks = [[nominated[b].tolist() for b in buckets_of(stored[start:stop])] for start, stop in ranges]
    assert sorted(bucket for task in tasks for bucket in task) == sorted(groups)
    documents = [{m for bucket in task for m in bucket} for task in tasks]
    assert sum(map(len, documents)) == len(set().union(*documents)) == nominated.size
    assert len(tasks) == 1 if task_members == 10**6 else len(tasks) > 5
    assert all(len(task) > 0 for task in tasks)


def test_nothing_nominated_makes_no_task(tmp_path):
    files = [write_groups(tmp_path / "0.npy", [])]
    assert split_components(files, nominate(files, Cast(3)).ordinals, tmp_path / "members.npy") == []
