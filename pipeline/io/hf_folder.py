"""The data files of a local `datasets` folder: what `save_to_disk` wrote, or plain data files side by side.

https://huggingface.co/docs/datasets/process#save : `state.json` lists a Dataset's Arrow files, `dataset_dict.json` the
splits of a DatasetDict, each a folder of its own.
"""

from __future__ import annotations

import json
from pathlib import Path

_DATA_SUFFIXES = frozenset({".arrow", ".parquet", ".jsonl", ".json", ".csv"})
_COMPRESSED_SUFFIXES = frozenset({".gz", ".zst", ".lz4"})
_NO_DATA = frozenset({"state.json", "dataset_info.json", "dataset_infos.json", "dataset_dict.json"})


def folder_files(folder: str) -> list[str]:
    """Paths of the data files below a local folder, `/`-separated: every split, in the order of their names."""
    root = Path(folder)
    if (splits := root / "dataset_dict.json").exists():
        names = json.loads(splits.read_text(encoding="utf-8"))["splits"]
        return [f"{name}/{file}" for name in sorted(names) for file in folder_files(str(root / name))]
    if (state := root / "state.json").exists():
        return sorted(one["filename"] for one in json.loads(state.read_text(encoding="utf-8"))["_data_files"])
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file() and _is_data(path))


def _is_data(path: Path) -> bool:
    return path.name not in _NO_DATA and not path.name.startswith(".") and data_suffix(path.name) in _DATA_SUFFIXES


def data_suffix(name: str) -> str:
    """Last suffix of a file name in lower case, a compression suffix left out: `a.JSONL.gz` -> `.jsonl`."""
    path = Path(name.lower())
    return Path(path.stem).suffix if path.suffix in _COMPRESSED_SUFFIXES else path.suffix
