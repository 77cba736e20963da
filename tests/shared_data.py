"""The real data that lies beside the project; tests that need it skip where it is absent."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2] / "shared" / "data"


def shared(name: str) -> Path:
    """Path of a file or folder of the shared data; skips the test where it is absent."""
    path = ROOT / name
    if not path.exists():
        pytest.skip(f"needs {path}, which is not on this machine")
    return path
