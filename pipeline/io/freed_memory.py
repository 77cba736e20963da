"""Memory that is freed stays with the process: the next batch needs as much again.

A batch is buffers of some megabytes that live for milliseconds. An allocator that hands them back to the system gets
them anew page by page, each to be zeroed and mapped: a twentieth of a row job's time.
"""

from __future__ import annotations

import ctypes
import platform

import pyarrow as pa

KEPT_BYTES = 2**28
_STEP_BYTES = 2**24
_MAX_MMAP_THRESHOLD = 2**25  # as high as glibc lets it be: what is larger is mapped, and given back, by itself
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3


def keep_freed_memory() -> None:
    """Let this process hold up to KEPT_BYTES that it freed, and let Arrow share them; without glibc, nothing changes.

    Arrow's own allocator can't be told so once it is loaded.
    """
    if platform.libc_ver()[0] != "glibc":
        return
    mallopt = ctypes.CDLL(None).mallopt
    mallopt(_M_MMAP_THRESHOLD, _MAX_MMAP_THRESHOLD)
    mallopt(_M_TRIM_THRESHOLD, KEPT_BYTES)
    mallopt(_M_TOP_PAD, _STEP_BYTES)
    pa.set_memory_pool(pa.system_memory_pool())
