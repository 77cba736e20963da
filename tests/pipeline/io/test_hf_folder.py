import datasets
import pytest

from pipeline.config import InputConfig
from pipeline.io.hf_folder import data_suffix, folder_files
from tests.reading import read_all


@pytest.fixture(autouse=True)
def _quiet():
    datasets.disable_progress_bars()


def _dataset(*texts):
    return datasets.Dataset.from_dict({"text": list(texts), "n": list(range(len(texts)))})


def _read(path, **settings):
    return read_all([InputConfig(format="hf", paths=(str(path),), **settings)])


def test_a_saved_dataset_is_read(tmp_path):
    _dataset("a", "b", "c").select([2, 0]).save_to_disk(str(tmp_path / "set"), num_shards=2)
    found = _read(tmp_path / "set")
    assert found.texts == ["c", "a"]
    assert [row["source"] for row in found.documents] == [f"data-0000{i}-of-00002.arrow" for i in range(2)]
    assert found.documents[0]["meta"] == '{"n": 2}'


def test_every_split_of_a_saved_dict_is_read(tmp_path):
    splits = datasets.DatasetDict({"train": _dataset("a", "b"), "test": _dataset("c")})
    splits.save_to_disk(str(tmp_path / "set"))
    found = _read(tmp_path / "set", name="mine")
    assert [(row["source"], row["text"]) for row in found.documents] == [
        ("mine/test/data-00000-of-00001.arrow", "c"),
        ("mine/train/data-00000-of-00001.arrow", "a"),
        ("mine/train/data-00000-of-00001.arrow", "b"),
    ]


def test_a_folder_of_data_files_is_read_each_by_its_name(tmp_path):
    folder = tmp_path / "set"
    (folder / "sub").mkdir(parents=True)
    _dataset("parquet").to_parquet(str(folder / "sub" / "p.parquet"))
    (folder / "j.jsonl").write_text('{"text": "jsonl"}\n')
    (folder / "v.csv").write_text("text,n\ncsv,3\n")
    for name in ("README.md", "dataset_info.json", ".hidden.jsonl"):
        (folder / name).write_text("{}")
    assert folder_files(str(folder)) == ["j.jsonl", "sub/p.parquet", "v.csv"]
    found = _read(folder, columns={"n": "int64"})
    assert [(row["text"], row["n"]) for row in found.documents] == [("jsonl", None), ("parquet", 0), ("csv", 3)]
    assert _read(tmp_path / "*").documents[0]["source"] == "set/j.jsonl"


def test_suffixes_are_those_below_the_compression():
    assert data_suffix("a.JSONL.gz") == ".jsonl"
    assert data_suffix("a.b.csv") == ".csv"
    assert data_suffix("a.gz") == data_suffix("a") == ""
