"""Ctrl-C that is not lost.

Python drops a KeyboardInterrupt that is raised while a destructor or a callback of a library runs. The signal is also
remembered here, and whoever waits in a loop asks.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType

_seen = threading.Event()


def listen() -> None:
    """Remember SIGINT from here on, besides raising KeyboardInterrupt as Python does. In the main thread only."""
    signal.signal(signal.SIGINT, _remember)


def check() -> None:
    """Raise KeyboardInterrupt if Ctrl-C was pressed since `listen`."""
    if _seen.is_set():
        raise KeyboardInterrupt


def _remember(signum: int, frame: FrameType | None) -> None:
    _seen.set()
    raise KeyboardInterrupt
