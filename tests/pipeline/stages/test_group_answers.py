import numpy as np
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from pipeline.stages import group_answers
from pipeline.stages.equal_keys import save_array
from pipeline.stages.group_answers import answer_groups, read_answers
from tests.deduped import LocalEngine


def write_groups(path, groups):
    """A group file as `equal_keys` describes it."""
    flat = [member for group in groups for member in group]
    save_array(path, np.array([len(groups), *map(len, groups), *flat], np.int64))
    return path


def answers(folder, files):
    folder.mkdir(exist_ok=True)
    paths = [write_groups(folder / f"{i}.npy", groups) for i, groups in enumerate(files)]
    return answer_groups(LocalEngine(), paths, folder=str(folder / "answers"), key="key", label="test")


def test_each_member_is_there_with_the_first_of_its_group(tmp_path):
    paths = answers(tmp_path, [[[30, 10], [7, 2, 9]], [], [[8, 31]]])
    assert read_answers(paths, 0, 100).tolist() == [[2, 7, 8, 9, 10, 30, 31], [7, 7, 8, 7, 30, 30, 8]]
    assert read_answers(paths, 8, 31).tolist() == [[8, 9, 10, 30], [8, 7, 30, 30]]
    assert read_answers(paths, 50, 60).shape == (2, 0)
    assert read_answers([], 0, 9).shape == (2, 0)


groups = st.lists(st.integers(2, 5), max_size=6)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=st.lists(groups, max_size=5), seed=st.randoms(), per_file=st.integers(1, 3))
def test_answers_do_not_depend_on_how_many_files_they_are_in(tmp_path_factory, monkeypatch, files, seed, per_file):
    monkeypatch.setattr(group_answers, "GROUP_FILES", per_file)
    members = list(range(0, 2000, 7))
    seed.shuffle(members)
    made = [[[members.pop() for _ in range(size)] for size in sizes] for sizes in files]
    paths = answers(tmp_path_factory.mktemp("groups"), made)
    assert len(paths) == -(-len(files) // per_file)
    expected = sorted((member, group[0]) for some in made for group in some for member in group)
    assert list(zip(*read_answers(paths, 0, 2000).tolist(), strict=True)) == expected
    event(f"members: {len(expected) // 10 * 10}")
