"""One run at a time; jobs commit once; what goes is ours and no one else's."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.io.commit import read_json
from pipeline.io.rundir import FILES, FOLDERS, JobDir, RunDirError, clear, key_of, locked, remove_job, remove_other_jobs

HOLDER = """
import sys, time
from pathlib import Path
from pipeline.io.rundir import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def hold(run_dir: Path) -> subprocess.Popen:
    """Another process that holds the lock."""
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(run_dir)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    return holder


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_run_directory_held_by_another_process_is_refused_until_that_ends(tmp_path):
    holder = hold(tmp_path)
    try:
        with (
            pytest.raises(RunDirError, match=rf"in use by process {holder.pid}; wait for it, end it, or use --run-dir"),
            locked(tmp_path),
        ):
            pass
    finally:
        holder.kill()
        holder.communicate()
    with locked(tmp_path):
        assert (tmp_path / ".lock").read_text() == str(os.getpid())


def test_the_lock_falls_when_the_block_ends_however_it_ends(tmp_path):
    with pytest.raises(ZeroDivisionError), locked(tmp_path / "new" / "run"):
        raise ZeroDivisionError
    with locked(tmp_path / "new" / "run"):
        pass


@pytest.mark.parametrize("blocked", ["", ".lock"])
def test_a_run_directory_that_can_not_be_written_is_refused(tmp_path, blocked):
    run_dir = tmp_path / "run"
    if blocked:
        (run_dir / blocked).mkdir(parents=True)  # a folder where the lock file goes
    else:
        run_dir.write_text("a file")
    with (
        pytest.raises(RunDirError, match=r"run_dir .*run can't be written: .*; name a folder that can"),
        locked(run_dir),
    ):
        pass


def test_what_a_killed_run_half_wrote_is_removed_and_nothing_else(tmp_path):
    half = [
        ".manifest.json.7.tmp",
        "dropped/.a.parquet.7.tmp",
        "packed_b/train/.data.arrow.7.tmp",
        "jobs/00-rows/.k.7.tmp",
    ]
    kept = ["mine/.x.7.tmp", "packed-mine/.x.7.tmp", "dropped/a.parquet", "dropped/x.tmp"]
    touch(tmp_path, *half, *kept)
    with locked(tmp_path):
        assert files(tmp_path) == {*kept, ".lock"}


def test_clear_removes_what_runs_write_and_nothing_else(tmp_path):
    ours = [*(f"{name}/x" for name in (*FOLDERS, "jobs", "packed", "packed_chat2")), *FILES]
    theirs = ["corpus/a.jsonl", "notes.txt", "packed.tar.gz", "packed-lunch/x", ".lock"]
    touch(tmp_path, *ours, *theirs)
    clear(tmp_path)
    assert files(tmp_path) == set(theirs)


def test_clear_takes_a_link_away_and_not_what_it_leads_to(tmp_path):
    touch(tmp_path, "elsewhere/a.parquet")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "documents").symlink_to(tmp_path / "elsewhere")
    clear(tmp_path / "run")
    assert not (tmp_path / "run" / "documents").is_symlink()
    assert files(tmp_path) == {"elsewhere/a.parquet"}


def test_clear_of_an_empty_folder_does_nothing(tmp_path):
    clear(tmp_path)
    assert files(tmp_path) == set()


def test_equal_parts_have_equal_keys():
    assert key_of({"a": 1, "b": (2, 3)}, "x") == key_of({"b": [2, 3], "a": 1}, "x")
    assert len(key_of()) == 32
    assert int(key_of(), 16) >= 0


VALUES = st.recursive(st.none() | st.integers() | st.text(max_size=4), lambda v: st.lists(v, max_size=3), max_leaves=6)


@given(VALUES, VALUES)
def test_different_parts_have_different_keys(a, b):
    assert (key_of(a) == key_of(b)) == (a == b)
    assert key_of(a, b) != key_of([a, b])


def test_a_key_is_the_hash_of_the_canonical_json():
    text = '[{"a":[1,null],"é":0.1},"x"]'
    assert key_of({"é": 0.1, "a": (1, None)}, "x") == hashlib.sha256(text.encode()).hexdigest()[:32]


@pytest.fixture
def job(tmp_path):
    return JobDir(tmp_path, "00-rows", ("documents/*", "dropped/00-rows-*"))


def test_a_job_is_committed_under_its_key_alone(job):
    job.prepare("k1")
    assert job.committed("k1") is None
    manifest = job.commit("k1", {"kept": 3})
    assert manifest == {"key": "k1", "name": "00-rows", "kept": 3}
    assert job.committed("k1") == manifest
    assert job.committed("k2") is None


def test_work_under_the_same_key_goes_on_where_it_stopped(job, tmp_path):
    job.prepare("k1")
    touch(tmp_path, "documents/0.parquet", "dropped/00-rows-0.parquet", "jobs/00-rows/slices/0.json")
    before = files(tmp_path)
    job.prepare("k1")
    assert files(tmp_path) == before


def test_another_key_removes_what_the_first_left_and_no_other_jobs_files(job, tmp_path):
    job.prepare("k1")
    touch(tmp_path, "documents/0.parquet", "dropped/00-rows-0.parquet", "jobs/00-rows/slices/0.json")
    touch(tmp_path, "dropped/03-rows-0.parquet", "jobs/03-rows/key.txt", "mine/documents/x")
    job.prepare("k2")
    assert files(tmp_path) == {
        "dropped/03-rows-0.parquet",
        "jobs/03-rows/key.txt",
        "mine/documents/x",
        "jobs/00-rows/key.json",
    }
    assert read_json(job.path / "key.json")["key"] == "k2"


def test_what_the_job_owned_before_is_removed_also_where_it_owns_other_things_now(job, tmp_path):
    job.prepare("k1")
    touch(tmp_path, "documents/0.parquet")
    JobDir(tmp_path, "00-rows", ("dropped/00-rows-*",)).prepare("k2")
    assert files(tmp_path) == {"jobs/00-rows/key.json"}
    assert not (tmp_path / "documents").exists()


def test_outputs_without_a_key_are_removed_before_work(job, tmp_path):
    touch(tmp_path, "documents/0.parquet", "dropped/00-rows-0.parquet")
    job.prepare("k1")
    assert files(tmp_path) == {"jobs/00-rows/key.json"}


def test_what_was_told_of_an_earlier_run_goes_when_a_job_starts(job, tmp_path):
    touch(tmp_path, *FILES)
    job.prepare("k1")
    assert files(tmp_path) == {"recipe.yaml", "jobs/00-rows/key.json"}


def test_jobs_that_the_recipe_no_longer_has_go_with_their_outputs(job, tmp_path):
    job.prepare("k1")
    JobDir(tmp_path, "01-pack", ("packed",)).prepare("k1")
    touch(tmp_path, "documents/0.parquet", "packed/train/data.arrow", "mine.txt", "jobs/stray")
    remove_other_jobs(tmp_path, ["00-rows"])
    assert files(tmp_path) == {"documents/0.parquet", "jobs/00-rows/key.json", "mine.txt", "jobs/stray"}


def test_removing_a_job_that_is_not_there_does_nothing(tmp_path):
    remove_job(tmp_path, "00-rows")
    remove_other_jobs(tmp_path, [])
    assert files(tmp_path) == set()
