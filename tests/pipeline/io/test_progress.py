"""Workers count in files, the parent adds them up."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.io.progress import Progress, ProgressFile, read_progress

STEPS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 2**40)), max_size=5)


def test_tasks_are_added_up(tmp_path):
    first, second = ProgressFile(tmp_path / "p", "a"), ProgressFile(tmp_path / "p", "b")
    first.add(Progress(10, 4, 100))
    second.add(Progress(1, 1, 7))
    first.add(Progress(5, 5, 50))
    assert read_progress(tmp_path / "p") == Progress(16, 10, 157)


def test_a_task_that_starts_again_counts_from_nothing(tmp_path):
    ProgressFile(tmp_path, "a").add(Progress(10, 4, 100))
    again = ProgressFile(tmp_path, "a")
    assert read_progress(tmp_path) == Progress()
    again.add(Progress(1, 0, 1))
    assert read_progress(tmp_path) == Progress(1, 0, 1)


def test_a_folder_that_is_not_there_yet_has_no_progress(tmp_path):
    assert read_progress(tmp_path / "none") == Progress()


def test_a_file_that_is_half_written_counts_as_nothing(tmp_path):
    ProgressFile(tmp_path, "a").add(Progress(1, 1, 1))
    (tmp_path / "b.progress").write_bytes(b"\x01\x02")
    (tmp_path / "other.txt").write_text("x")
    assert read_progress(tmp_path) == Progress(1, 1, 1)


@given(st.dictionaries(st.sampled_from("abc"), STEPS))
def test_any_steps_of_any_tasks(tmp_path_factory, tasks):
    folder = tmp_path_factory.mktemp("progress")
    for name, steps in tasks.items():
        file = ProgressFile(folder, name)
        for step in steps:
            file.add(Progress(*step))
    every = [step for steps in tasks.values() for step in steps]
    assert (
        read_progress(folder) == Progress(*(sum(column) for column in zip(*every, strict=True)))
        if every
        else Progress()
    )
