import platform
import subprocess
import sys

import pytest

CHURN = """
import resource, sys
import numpy as np, pyarrow as pa
from pipeline.io.freed_memory import keep_freed_memory

def churn():
    for size in (3, 5, 1, 8, 2) * 8:
        held = [np.ones(size * 2**17), pa.array(np.ones(size * 2**17)).take(pa.array(np.arange(size * 2**17)))]
        del held

if sys.argv[1] == "keep":
    keep_freed_memory()
churn()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
churn()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before, pa.default_memory_pool().backend_name)
"""


def _faults(mode: str) -> tuple[int, str]:
    told = subprocess.run([sys.executable, "-c", CHURN, mode], capture_output=True, text=True, check=True).stdout
    faults, backend = told.split()
    return int(faults), backend


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told")
def test_what_was_freed_is_used_again_without_the_system():
    kept, backend = _faults("keep")
    assert backend == "system"
    assert 4 * kept < _faults("leave")[0]


def test_other_libraries_are_left_alone(monkeypatch):
    import pyarrow as pa

    from pipeline.io.freed_memory import keep_freed_memory

    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    before = pa.default_memory_pool().backend_name
    keep_freed_memory()
    assert pa.default_memory_pool().backend_name == before
