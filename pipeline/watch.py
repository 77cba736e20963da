"""What a person sees while a run works: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from pipeline.io.progress import Progress as Totals
from pipeline.io.progress import read_progress

LINE_SECONDS = 10.0


class ProgressWatcher:
    """Follows jobs by their sidecars and progress files, and training by its steps. Use as a context manager."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._bars: Progress | None = None
        self._bar: TaskID | None = None
        self._label, self._tasks, self._size = "", 0, 0
        self._progress_dir: str | None = None
        self._began = self._last_line = time.monotonic()
        self._before = Totals()

    def __enter__(self) -> ProgressWatcher:
        if self._console.is_terminal:
            columns = (TextColumn("{task.description:<28}"), BarColumn(), TextColumn("{task.fields[said]}"))
            self._bars = Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=self._console)
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._finish()
        if self._bars:
            self._bars.stop()

    def begin(self, label: str, tasks_done: int, tasks: int, *, size: int, progress_dir: str | None) -> None:
        """A new phase starts, with some of its tasks done by an earlier run."""
        self._finish()
        self._label, self._tasks, self._size, self._progress_dir = label, tasks, size, progress_dir
        self._began = self._last_line = time.monotonic()
        self._before = self._totals()
        if self._bars:
            self._bar = self._bars.add_task(label, total=max(1, self._goal()), said="")
        resumed = f" ({tasks_done} of {tasks} done before)" if tasks_done else ""
        self._line(f"{label}{resumed}")

    def _goal(self) -> int:
        return self._size if self._progress_dir else self._tasks

    def _totals(self) -> Totals:
        return read_progress(self._progress_dir) if self._progress_dir else Totals()

    def tick(self, tasks_done: int) -> None:
        """Look again, and say what is new."""
        totals = self._totals()
        if self._bars and self._bar is not None:
            at = totals.bytes_read if self._progress_dir else tasks_done
            self._bars.update(self._bar, completed=at, said=self._said(totals, tasks_done))
        elif time.monotonic() - self._last_line >= LINE_SECONDS:
            self._last_line = time.monotonic()
            self._line(f"{self._label}: {self._said(totals, tasks_done)}")

    def _said(self, totals: Totals, tasks_done: int) -> str:
        seconds = max(1e-9, time.monotonic() - self._began)
        if not self._progress_dir or not totals.documents:
            return f"{tasks_done}/{self._tasks}" if self._tasks else ""
        rate = (totals.documents - self._before.documents) / seconds
        megabytes = (totals.bytes_read - self._before.bytes_read) / seconds / 1e6
        kept = totals.kept / totals.documents
        return f"{totals.documents:,} documents  {max(0, rate):,.0f}/s  {max(0, megabytes):.1f} MB/s  kept {kept:.0%}"

    def train_step(self, step: Any) -> None:
        """One optimiser step of the trainer (a StepReport)."""
        said = f"loss {step.loss:.3f}  {step.tokens_per_second:,.0f} tokens/s"
        if self._bars:
            if self._label != "train" or self._bar is None:
                self._finish()
                self._label, self._bar = "train", self._bars.add_task("train", total=step.num_steps, said="")
            self._bars.update(self._bar, completed=step.step, total=step.num_steps, said=said)
        elif time.monotonic() - self._last_line >= LINE_SECONDS or step.step in (1, step.num_steps):
            self._last_line = time.monotonic()
            self._line(f"train: step {step.step}/{step.num_steps}  {said}  {step.seconds_left:,.0f} s left")

    def _finish(self) -> None:
        if self._bars and self._bar is not None:
            total = self._bars.tasks[self._bar].total
            self._bars.update(self._bar, completed=total)
        self._bar, self._label = None, ""

    def _line(self, text: str) -> None:
        if not self._bars:
            print(text, file=sys.stderr, flush=True)
