"""The run directory: one run at a time, jobs that commit once, nothing stale left lying about.

RUN/manifest.json recipe.yaml          the whole run, written last
RUN/jobs/NN-name/key.json              what the job's result depends on, and which outputs are its own
RUN/jobs/NN-name/manifest.json         there when the job is committed; holds its result
RUN/jobs/NN-name/...                   sidecars and working files
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.config import PACKED_NAME
from pipeline.errors import UserError
from pipeline.io.commit import TEMPORARY, read_json, write_json

FOLDERS = (
    "documents", "dropped", "duplicates", "near_misses", "cuts", "quarantine", "scores", "index",
    "models", "tokenizer", "adapter", "model", "checkpoints",
)  # fmt: skip
TOLD = ("manifest.json", "report.json", "report.html")  # of a run that ended; a job that starts makes them untrue
FILES = (*TOLD, "recipe.yaml")


class RunDirError(UserError):
    """The run directory can't be used as asked."""


@contextlib.contextmanager
def locked(run_dir: Path) -> Iterator[None]:
    """Hold the run directory's lock, which falls with the process, and remove what a killed run half wrote."""
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
        lock = Path(run_dir, ".lock").open("a+")  # noqa: SIM115  closed by the block below
    except OSError as error:
        raise RunDirError(
            f"run_dir {run_dir} can't be written: {error.strerror}; name a folder that can, or use --run-dir"
        ) from None
    with lock as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            owner = file.read().strip() or "unknown"
            raise RunDirError(
                f"run_dir {run_dir} is in use by process {owner}; wait for it, end it, or use --run-dir"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        _remove_unfinished(run_dir)
        yield


def _remove_unfinished(run_dir: Path) -> None:
    for path in (*run_dir.glob(TEMPORARY), *(p for folder in _folders(run_dir) for p in folder.rglob(TEMPORARY))):
        path.unlink()


def _folders(run_dir: Path) -> list[Path]:
    """The folders that runs write here, as far as they are there."""
    packed = [path for path in run_dir.glob("packed*") if re.fullmatch(PACKED_NAME, path.name)]
    named = [run_dir / name for name in (*FOLDERS, "jobs")]
    return [path for path in (*named, *packed) if path.is_dir()]


def clear(run_dir: Path) -> None:
    """Remove what runs write here, and nothing else."""
    for path in (*_folders(run_dir), *(run_dir / name for name in FILES)):
        _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def key_of(*parts: Any) -> str:
    """32 hex digits of the parts' canonical JSON: equal keys mean equal results."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@dataclass(frozen=True)
class JobDir:
    """One job's folder. `owns` are the patterns, below the run directory, of the outputs that only this job writes."""

    run_dir: Path
    name: str
    owns: tuple[str, ...]

    @property
    def path(self) -> Path:
        return self.run_dir / "jobs" / self.name

    def committed(self, key: str) -> dict[str, Any] | None:
        """The job's manifest where it was committed under `key`."""
        manifest = read_json(self.path / "manifest.json")
        return manifest if manifest and manifest["key"] == key else None

    def prepare(self, key: str) -> None:
        """Make ready to work under `key`: what another key left is removed, what this key left is kept."""
        for name in TOLD:
            _remove(self.run_dir / name)
        before = read_json(self.path / "key.json")
        if not before or before["key"] != key:
            remove_job(self.run_dir, self.name)
            for pattern in self.owns:
                _remove_pattern(self.run_dir, pattern)
        write_json(self.path / "key.json", {"key": key, "owns": list(self.owns)})

    def commit(self, key: str, result: dict[str, Any]) -> dict[str, Any]:
        """Write the job's manifest, the last of its files."""
        manifest = {"key": key, "name": self.name, **result}
        write_json(self.path / "manifest.json", manifest)
        return manifest


def remove_job(run_dir: Path, name: str) -> None:
    """Remove a job's folder and the outputs it owned."""
    folder = run_dir / "jobs" / name
    for pattern in (read_json(folder / "key.json") or {"owns": []})["owns"]:
        _remove_pattern(run_dir, pattern)
    _remove(folder)


def remove_other_jobs(run_dir: Path, names: Sequence[str]) -> None:
    """Remove jobs that the recipe no longer has, with their outputs."""
    for folder in sorted((run_dir / "jobs").glob("*")):
        if folder.is_dir() and folder.name not in names:
            remove_job(run_dir, folder.name)


def _remove_pattern(run_dir: Path, pattern: str) -> None:
    for path in run_dir.glob(pattern):
        _remove(path)
    parent = run_dir / Path(pattern).parent
    if parent != run_dir and parent.is_dir() and not any(parent.iterdir()):
        parent.rmdir()
