"""Running corpusmill as a user does, in processes of their own, and looking at what it leaves."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import yaml

ROOT = Path(__file__).resolve().parents[1]
SAME_BYTES = ("documents", "dropped", "duplicates", "quarantine", "scores", "tokenizer", "packed")


def corpusmill(*arguments: str, cwd: Path | None = None, timeout: float = 300) -> subprocess.CompletedProcess[str]:
    """The finished command."""
    return subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *arguments],
        capture_output=True, text=True, timeout=timeout, check=False, cwd=cwd or ROOT, env=environment(),
    )  # fmt: skip


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def start(*arguments: str) -> subprocess.Popen[str]:
    """The command, running in a session of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "pipeline.cli", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment(), start_new_session=True,
    )  # fmt: skip


def kill_tree(process: subprocess.Popen[str]) -> None:
    """SIGKILL to the command and everything below it, at once."""
    victims = [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]
    for victim in victims:
        victim.send_signal(signal.SIGKILL)
    process.communicate()
    psutil.wait_procs(victims, timeout=10)


def write_recipe(path: Path, **recipe: object) -> Path:
    path.write_text(yaml.safe_dump(recipe, sort_keys=False), encoding="utf-8")
    return path


def wait_for(condition, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def hashes(run_dir: Path, folders: tuple[str, ...] = SAME_BYTES) -> dict[str, str]:
    """Content hash of every file under the folders whose bytes are promised."""
    found = {}
    for folder in folders:
        for path in sorted((run_dir / folder).rglob("*")):
            if path.is_file():
                found[str(path.relative_to(run_dir))] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found
