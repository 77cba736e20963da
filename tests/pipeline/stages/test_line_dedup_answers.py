import numpy as np

from pipeline.stages.equal_keys import save_array
from pipeline.stages.line_dedup_answers import SumTask, read_sums, write_sums
from pipeline.stages.line_dedup_units import MEMBER_BITS


def test_sums_go_back_to_the_shards_that_have_the_unit(tmp_path):
    known = [tmp_path / "0", tmp_path / "1"]
    save_array(known[0], np.array([[7, 8], [2, 5], [1, 2]]))  # places, counts, documents of two units
    save_array(known[1], np.array([[90, 91, 92], [1, 3, 4], [1, 1, 3]]))
    other = 1 << MEMBER_BITS
    groups = [tmp_path / "groups0.npy", tmp_path / "groups1.npy"]
    save_array(groups[0], np.array([1, 2, other + 2, 0]))  # the second shard's is better
    save_array(groups[1], np.array([1, 2, 1, other]))
    task = SumTask(tuple(map(str, groups)), tuple(map(str, known)), str(tmp_path / "sums"))
    assert write_sums(task) == {"members": 4}
    assert read_sums([task.path], 0).tolist() == [[0, 1], [92, 8], [6, 6], [4, 3]]
    assert read_sums([task.path], 1).tolist() == [[0, 2], [8, 92], [6, 6], [3, 4]]
    assert read_sums([task.path], 2).shape == (4, 0)


def test_no_groups(tmp_path):
    save_array(tmp_path / "groups.npy", np.array([0]))
    task = SumTask((str(tmp_path / "groups.npy"),), (), str(tmp_path / "sums"))
    assert write_sums(task) == {"members": 0}
    assert read_sums([task.path], 0).shape == (4, 0)
