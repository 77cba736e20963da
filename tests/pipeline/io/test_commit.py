"""A file is there whole or not at all, also where its writer is killed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.io.commit import TEMPORARY, atomic_path, read_json, write_json

KILLED_WRITER = """
import sys, time
from pipeline.io.commit import atomic_path
with atomic_path(sys.argv[1]) as path:
    path.write_text("half")
    print("writing", flush=True)
    time.sleep(60)
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write_half(final: Path, error: type[BaseException]) -> None:
    with atomic_path(final) as temporary:
        temporary.write_text("half")
        raise error


def test_a_file_appears_when_the_block_ends_well(tmp_path):
    final = tmp_path / "a" / "b" / "file.txt"
    with atomic_path(final) as temporary:
        assert temporary.parent == final.parent
        temporary.write_text("whole")
        assert not final.exists()
    assert final.read_text() == "whole"
    assert names(final.parent) == ["file.txt"]


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt])
def test_nothing_appears_when_the_block_fails_and_what_was_there_stays(tmp_path, kind):
    final = tmp_path / "file.txt"
    final.write_text("before")
    with pytest.raises(kind):
        write_half(final, kind)
    assert final.read_text() == "before"
    assert names(tmp_path) == ["file.txt"]


def test_a_block_that_wrote_nothing_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError), atomic_path(tmp_path / "file.txt"):
        pass
    assert names(tmp_path) == []


def test_a_killed_writer_leaves_the_old_file_and_a_name_that_is_known_as_temporary(tmp_path):
    final = tmp_path / "file.txt"
    final.write_text("before")
    writer = subprocess.Popen([sys.executable, "-c", KILLED_WRITER, str(final)], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    assert writer.stdout.readline() == b"writing\n"
    writer.kill()
    writer.communicate()
    assert final.read_text() == "before"
    (left,) = (path for path in tmp_path.iterdir() if path != final)
    assert list(tmp_path.glob(TEMPORARY)) == [left]
    assert str(writer.pid) in left.name


def test_two_writers_do_not_touch_each_others_file(tmp_path):
    final = tmp_path / "file.txt"
    writer = subprocess.Popen([sys.executable, "-c", KILLED_WRITER, str(final)], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    writer.stdout.readline()
    with atomic_path(final) as temporary:
        temporary.write_text("mine")
    writer.kill()
    writer.communicate()
    assert final.read_text() == "mine"


def test_json_comes_back_and_its_bytes_do_not_depend_on_the_order_of_keys(tmp_path):
    write_json(tmp_path / "a.json", {"b": [1, 2.5, None], "a": "é\ud83d"[:1]})
    write_json(tmp_path / "b.json", {"a": "é", "b": [1, 2.5, None]})
    assert read_json(tmp_path / "a.json") == {"a": "é", "b": [1, 2.5, None]}
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert "é" in (tmp_path / "a.json").read_text(encoding="utf-8")


def test_a_value_that_is_no_json_leaves_no_file(tmp_path):
    with pytest.raises(TypeError, match="not JSON serializable"):
        write_json(tmp_path / "a.json", {"a": object()})
    assert names(tmp_path) == []


def test_json_that_is_not_there_is_none_and_json_that_is_broken_is_an_error(tmp_path):
    assert read_json(tmp_path / "none.json") is None
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(json.JSONDecodeError):
        read_json(tmp_path / "broken.json")
