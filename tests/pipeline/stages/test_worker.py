"""A worker ends when the process that started it does, however that ended."""

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", '''
import time
from pipeline.stages.worker import _end_with_parent
_end_with_parent()
time.sleep(60)
'''])
print(child.pid, flush=True)
sys.stdin.read()
"""


def test_a_worker_outlives_its_parent_by_a_second_at_most():
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    time.sleep(1.0)
    assert _runs(child)
    parent.kill()
    parent.communicate()
    deadline = time.monotonic() + 5
    while _runs(child) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _runs(child)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
