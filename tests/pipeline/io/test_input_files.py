import os
from pathlib import Path

import fsspec
import pytest

from pipeline.config import InputConfig
from pipeline.errors import UserError
from pipeline.io.input_files import InputError, find_files


def _touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")


def _input(*paths, format="jsonl", name=None):
    return InputConfig(format=format, paths=tuple(map(str, paths)), name=name)


def _sources(*inputs):
    return [file.source for file in find_files(inputs)]


def test_a_source_is_the_path_below_the_fixed_part(tmp_path, monkeypatch):
    _touch(tmp_path, "in/a.jsonl", "in/b/c.jsonl", "in/b/d/e.jsonl", "in/.hidden.jsonl", "in/.b/f.jsonl")
    assert _sources(_input(tmp_path / "in/*.jsonl")) == ["a.jsonl"]
    assert _sources(_input(tmp_path / "in/b/c.jsonl")) == ["c.jsonl"]
    assert _sources(_input(tmp_path / "in/*/*.jsonl")) == ["b/c.jsonl"]
    assert _sources(_input(tmp_path / "*/b/c.jsonl")) == ["in/b/c.jsonl"]
    assert _sources(_input(tmp_path / "in/**/*.jsonl")) == ["a.jsonl", "b/c.jsonl", "b/d/e.jsonl"]
    assert _sources(_input(tmp_path / "in/**")) == ["a.jsonl", "b/c.jsonl", "b/d/e.jsonl"]
    assert _sources(_input(tmp_path / "in/[ab]*", name="n")) == ["n/a.jsonl"]
    monkeypatch.chdir(tmp_path)
    assert _sources(_input("in/?.jsonl")) == _sources(_input("./in/*.jsonl")) == ["a.jsonl"]
    assert _sources(_input("**/e.jsonl")) == ["in/b/d/e.jsonl"]


def test_files_are_sorted_by_source_in_code_points_whatever_the_list(tmp_path):
    _touch(tmp_path, "b", "B", "é", "a b", "Z/z", "a")
    forward = find_files([_input(*(tmp_path / n for n in ("b", "B", "é"))), _input(tmp_path / "a*", tmp_path / "Z/*")])
    back = find_files([_input(*(tmp_path / n for n in ("é", "B", "b"))), _input(tmp_path / "Z/*", tmp_path / "a*")])
    assert [file.source for file in forward] == ["B", "a", "a b", "b", "z", "é"]
    assert forward == back


def test_a_file_knows_its_input_size_and_time(tmp_path):
    _touch(tmp_path, "a", "b")
    os.utime(tmp_path / "b", ns=(5, 7))
    (_, file) = find_files([_input(tmp_path / "a"), _input(tmp_path / "b")])
    assert (file.input_index, file.path, file.size, file.modified) == (1, str(tmp_path / "b"), 1, 7)


def test_a_file_that_two_patterns_match_counts_once(tmp_path):
    _touch(tmp_path, "a.x", "b.x")
    assert _sources(_input(tmp_path / "*.x", tmp_path / "a*")) == ["a.x", "b.x"]


def test_a_name_with_wildcards_of_its_own_is_found(tmp_path):
    _touch(tmp_path, "a[1].jsonl", "a1.jsonl")
    assert _sources(_input(tmp_path / "a[1].jsonl")) == ["a[1].jsonl"]


def test_two_files_with_one_source_ask_for_a_name(tmp_path):
    _touch(tmp_path, "one/a", "two/a")
    inputs = [_input(tmp_path / "one/*"), _input(tmp_path / "two/*")]
    with pytest.raises(InputError, match=r"would both be the source 'a'; give input.1 a `name:`"):
        find_files(inputs)
    assert _sources(inputs[0], _input(tmp_path / "two/*", name="two")) == ["a", "two/a"]
    with pytest.raises(InputError, match=r"input.0.paths: .*one/a is matched twice, as 'a' and 'one/a'"):
        find_files([_input(tmp_path / "one/a", tmp_path / "*/a")])


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        (("no/such.jsonl",), r"input.0.paths: no/such.jsonl does not exist; expected a file or a glob pattern"),
        (("no/*.jsonl",), r"no does not exist"),
        (("in/*.gone",), r"nothing matches in/\*.gone; expected at least one file"),
        (("in",), r"in is a folder, expected a file; write in/\*$"),
        (("in/a.jsonl/*",), r"in/a.jsonl can't be read: Not a directory"),
        (("*",), r"in is a folder"),
    ],
)
def test_a_path_that_leads_nowhere_is_an_error_with_the_way_out(tmp_path, monkeypatch, paths, message):
    _touch(tmp_path, "in/a.jsonl")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=message) as raised:
        find_files([_input(*paths)])
    assert isinstance(raised.value, UserError)


def test_a_folder_for_parquet_names_the_pattern_and_hf_wants_a_folder(tmp_path):
    _touch(tmp_path, "in/a.parquet", "in/b.txt")
    with pytest.raises(InputError, match=r"write .*/in/\*\.parquet$"):
        find_files([_input(f"{tmp_path}/in/", format="parquet")])
    with pytest.raises(InputError, match="is a file; format hf expects the folder"):
        find_files([_input(tmp_path / "in/a.parquet", format="hf")])
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no Arrow, Parquet, JSONL or CSV file"):
        find_files([_input(tmp_path / "empty", format="hf")])


def test_what_is_no_file_is_an_error(tmp_path):
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    with pytest.raises(InputError, match="gone can't be read: No such file"):
        find_files([_input(tmp_path / "g*")])
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="pipe is no regular file"):
        find_files([_input(tmp_path / "pipe")])
    for name, text in (("state.json", "{}"), ("dataset_dict.json", "nonsense")):
        (tmp_path / name).write_text(text)
        with pytest.raises(InputError, match="that save_to_disk did not write"):
            find_files([_input(tmp_path, format="hf")])


def test_a_folder_that_cannot_be_listed_is_an_error(tmp_path, monkeypatch):
    _touch(tmp_path, "in/sub/a")
    scan = os.scandir

    def refuse(path):
        if Path(path).name == "sub":
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(InputError, match=r"in/sub can't be read: Permission denied"):
        find_files([_input(tmp_path / "in/**/a")])


def test_a_name_that_is_not_utf8_is_an_error(tmp_path):
    (tmp_path / "a\udcff.jsonl").write_text("x")
    with pytest.raises(InputError, match="is not UTF-8; rename the file"):
        find_files([_input(tmp_path / "*")])


def test_urls_go_through_fsspec():
    for name in ("b.jsonl", "a.jsonl", "sub/c.jsonl"):
        with fsspec.open(f"memory://crawl/{name}", "wb") as file:
            file.write(b"12345")
    files = find_files([_input("memory://crawl/*.jsonl"), _input("memory://crawl/sub/c.jsonl", name="n")])
    assert [(file.source, file.size, file.modified) for file in files] == [
        ("a.jsonl", 5, 0),
        ("b.jsonl", 5, 0),
        ("n/c.jsonl", 5, 0),
    ]
    assert files[0].path == "memory:///crawl/a.jsonl"
    with pytest.raises(InputError, match=r"does not exist|nothing matches"):
        find_files([_input("memory://crawl/none")])
