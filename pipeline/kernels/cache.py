"""Where compiled kernels lie.

Numba's `cache=True` looks at the file of a kernel, not at the helpers it calls in other files, so the folder's name
carries a hash of all kernels, those of the tokenizer too, of Numba and of the Python version.
"""

from __future__ import annotations

import hashlib
import os
import platform
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path


def kernels_hash() -> str:
    """16 hex digits that change with any kernel source, Numba, NumPy, Python or the machine type."""
    digest = hashlib.sha256(
        "|".join((version("numba"), version("numpy"), platform.python_version(), platform.machine())).encode()
    )
    tokenizer = find_spec("tokenizer")
    folders = [Path(__file__).parent, *map(Path, (tokenizer and tokenizer.submodule_search_locations) or ())]
    for path in (path for folder in folders for path in sorted(folder.glob("*.py"))):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def numba_cache_dir() -> Path:
    """A writable folder for this version of the kernels: the user's cache, else a temporary one."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    wanted = home / "corpusmill" / f"kernels-{kernels_hash()}"
    try:
        wanted.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=wanted):
            return wanted
    except OSError:
        return Path(tempfile.mkdtemp(prefix="corpusmill-kernels-"))
