"""A local Beam worker process that behaves: quiet, single-threaded libraries, keeps its memory, ends with its parent.

Started by `engine.py` as `python -m pipeline.stages.worker ROSTER_DIR`. It leaves its process id in ROSTER_DIR, so that
the parent can see whether all its workers live, and can end them; a worker that ends well strikes it out again.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

PARENT_POLL_SECONDS = 0.5
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS")


def _end_with_parent() -> None:
    """End this process when the one that started it is gone, also when that one was killed."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_POLL_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def main() -> None:
    """Enlist, then hand over to Beam's own worker loop."""
    _end_with_parent()
    for name in ONE_THREAD:
        os.environ[name] = "1"
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    enlisted = Path(sys.argv[1], str(os.getpid()))
    enlisted.touch()
    import pyarrow as pa
    from apache_beam.runners.worker import sdk_worker_main

    from pipeline.io.freed_memory import keep_freed_memory

    keep_freed_memory()
    pa.set_cpu_count(1)
    pa.set_io_thread_count(2)
    sdk_worker_main.main(sys.argv)
    enlisted.unlink(missing_ok=True)  # others may take a while yet: this one did not die


if __name__ == "__main__":
    main()
