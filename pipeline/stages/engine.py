"""Beam, started so that it can be trusted: local workers with a deadline, a watch on their lives, a clean end.

All work is tasks that read files, write files and leave a sidecar, so that a killed run goes on. Tasks and paths go
through Beam, text and keys never do: a GroupByKey would hold all that it groups in the parent process.
"""

from __future__ import annotations

import logging
import os
import shlex
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner
from apache_beam.runners.runner import create_runner
from apache_beam.transforms.environments import SubprocessSDKEnvironment

from pipeline import interrupt
from pipeline.config import EngineConfig
from pipeline.errors import RunFailedError, UserError
from pipeline.io.commit import read_json, write_json

Result = dict[str, Any]  # JSON-able
POLL_SECONDS = 0.1
DEATH_GRACE_SECONDS = 2.0
WORKER_WORDS = "stderr"


@dataclass(frozen=True)
class Task:
    """One unit of work: `id` names its sidecar and is unique in its phase, `size` is in bytes."""

    id: str
    size: int
    payload: Any


class Watcher(Protocol):
    """Told what happens while a pipeline runs; `tick` is called several times a second."""

    def begin(self, label: str, tasks_done: int, tasks: int, *, size: int, progress_dir: str | None) -> None: ...

    def tick(self, tasks_done: int) -> None: ...


class _SilentWatcher:
    def begin(self, label: str, tasks_done: int, tasks: int, *, size: int, progress_dir: str | None) -> None:
        pass

    def tick(self, tasks_done: int) -> None:
        pass


class Engine:
    """Runs Beam pipelines for one run, on local worker processes or on the runner that the recipe names."""

    def __init__(self, config: EngineConfig, *, workers: int | None = None, watcher: Watcher | None = None) -> None:
        wanted = workers or (os.cpu_count() or 1 if config.workers == "auto" else config.workers)
        self.config = config
        self.workers = wanted
        self._watcher = watcher or _SilentWatcher()

    def run_tasks(
        self,
        fn: Callable[[Any], Result],
        tasks: Sequence[Task],
        *,
        sidecar_dir: str,
        key: str,
        label: str,
        progress_dir: str | None = None,
    ) -> list[Result]:
        """Results of fn(payload) in the order of tasks. A task whose sidecar carries `key` is not run again.

        fn must be importable by name, write its files atomically and return plain JSON values.
        Raises RunFailedError naming the task that failed.
        """
        done = {task.id: _finished(sidecar_dir, task.id, key) for task in tasks}
        todo = sorted((t for t in tasks if done[t.id] is None), key=lambda t: (-t.size, t.id))
        size = sum(task.size for task in tasks)
        self._watcher.begin(label, len(tasks) - len(todo), len(tasks), size=size, progress_dir=progress_dir)
        if todo:
            Path(sidecar_dir).mkdir(parents=True, exist_ok=True)
            step = _RunTask(fn, sidecar_dir, key)
            keyed = [((i % self.workers), task) for i, task in enumerate(todo)]
            count = _SidecarCount(sidecar_dir, [t.id for t in todo], len(tasks) - len(todo))
            self._run(lambda p: p | beam.Create(keyed) | beam.Reshuffle() | beam.ParDo(step), label, sidecar_dir, count)
        results = [_finished(sidecar_dir, task.id, key) for task in tasks]
        missing = [t.id for t, r in zip(tasks, results, strict=True) if r is None]
        if missing:
            raise RunFailedError(
                f"{label}: {missing[0]} ended without a result ({len(missing)} of {len(tasks)} missing)"
            )
        return [r for r in results if r is not None]

    def _run(
        self, build: Callable[[beam.Pipeline], object], label: str, sidecar_dir: str, count: Callable[[], int]
    ) -> None:
        _quiet_beam()
        with tempfile.TemporaryDirectory(prefix="corpusmill-") as roster:
            attempt = _Attempt(build, self._runner(roster), self._options())
            watch = _Roster(
                Path(roster), self.workers if self.config.runner == "local" else 0, self.config.startup_seconds
            )
            attempt.start()
            try:
                while not attempt.wait(POLL_SECONDS):
                    interrupt.check()
                    self._watcher.tick(count())
                    watch.check(label)
                self._watcher.tick(count())
            finally:
                watch.end()
        if attempt.error is not None:
            raise RunFailedError(_explain(label, attempt.error, sidecar_dir)) from None

    def _runner(self, roster: str) -> Any:
        if self.config.runner != "local":
            return create_runner(self.config.runner)
        python, folder, said = (shlex.quote(text) for text in (sys.executable, roster, f"{roster}/{WORKER_WORDS}"))
        # Ctrl-C is the parent's to answer: what the shell ignores, the worker ignores from its first moment on.
        # One that starts when the run is over finds no folder any more, and has nothing to say about it.
        command = f"exec 2>/dev/null; trap '' INT; exec {python} -m pipeline.stages.worker {folder} 2>>{said}"
        return FnApiRunner(SubprocessSDKEnvironment.from_command_string(command))

    def _options(self) -> PipelineOptions:
        if self.config.runner != "local":
            return PipelineOptions.from_dictionary(dict(self.config.options))
        return PipelineOptions(
            [
                f"--direct_num_workers={self.workers}",
                "--pickle_library=cloudpickle",
                "--default_sdk_harness_log_level=ERROR",
            ]
        )


def check_runner(name: str) -> None:
    """Raise UserError where the recipe names a runner that Beam doesn't have, or that lacks a package."""
    try:
        if name != "local":
            create_runner(name)
    except (ValueError, ImportError, AttributeError) as error:
        raise UserError(f"engine.runner: {name} can't be used: {error}; `local` is the default") from None


class _RunTask(beam.DoFn):
    """Runs one task and leaves its sidecar, last."""

    def __init__(self, fn: Callable[[Any], Result], sidecar_dir: str, key: str) -> None:
        self._fn = fn
        self._sidecar_dir = sidecar_dir
        self._key = key

    def process(self, element: tuple[int, Task]) -> None:
        task = element[1]
        began = time.perf_counter()
        try:
            result = self._fn(task.payload)
        except BaseException as error:
            write_json(_error_path(self._sidecar_dir, task.id), {"task": task.id, "error": _one_line(error)})
            raise
        _error_path(self._sidecar_dir, task.id).unlink(missing_ok=True)
        sidecar = {"key": self._key, "seconds": time.perf_counter() - began, "result": result}
        write_json(_sidecar_path(self._sidecar_dir, task.id), sidecar)


class _Attempt(threading.Thread):
    """One pipeline in a thread of its own, so that the main thread stays free to watch, draw and be interrupted."""

    def __init__(self, build: Callable[[beam.Pipeline], object], runner: Any, options: PipelineOptions) -> None:
        super().__init__(daemon=True)
        self._build, self._runner, self._options = build, runner, options
        self._over = threading.Event()
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            root = beam.Pipeline(runner=self._runner, options=self._options)
            self._build(root)
            root.run().wait_until_finish()
        except BaseException as error:  # noqa: BLE001  carried to the thread that waits
            self.error = error
        finally:
            self._over.set()

    def wait(self, seconds: float) -> bool:
        return self._over.wait(seconds)


class _Roster:
    """The local workers of one pipeline: that they come up in time, that none dies, that none stays behind."""

    def __init__(self, folder: Path, wanted: int, startup_seconds: float) -> None:
        self._folder, self._wanted = folder, wanted
        self._deadline = time.monotonic() + startup_seconds
        self._startup_seconds = startup_seconds
        self._dead_since: float | None = None
        self._one_came = False

    def _pids(self) -> list[int]:
        return [int(entry.name) for entry in self._folder.iterdir() if entry.name.isdigit()]

    def check(self, label: str) -> None:
        pids = self._pids()
        self._one_came |= bool(pids)
        if self._wanted and not self._one_came and time.monotonic() > self._deadline:
            said = self._last_words()
            raise RunFailedError(
                f"{label}: no worker came up within {self._startup_seconds:g} s (engine.startup_seconds){said}"
            )
        dead = [pid for pid in pids if not _alive(pid)]
        if not dead:
            self._dead_since = None
            return
        self._dead_since = self._dead_since or time.monotonic()
        if time.monotonic() - self._dead_since > DEATH_GRACE_SECONDS:
            raise RunFailedError(
                f"{label}: worker process {dead[0]} died (killed, or out of memory: fewer --workers need less). "
                "The same command goes on from the finished slices"
            )

    def _last_words(self) -> str:
        path = self._folder / WORKER_WORDS
        lines = path.read_text(errors="replace").strip().splitlines() if path.exists() else []
        return f"; the worker said: {lines[-1]}" if lines else ""

    def end(self) -> None:
        for pid in self._pids():
            if _alive(pid):
                os.kill(pid, signal.SIGKILL)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return True


class _SidecarCount:
    """Counts how many of the wanted sidecars are there, looking only for those not seen yet."""

    def __init__(self, sidecar_dir: str, ids: Sequence[str], before: int) -> None:
        self._folder, self._wanted, self._seen = Path(sidecar_dir), {f"{i}.json" for i in ids}, before
        self._started = time.time()

    def __call__(self) -> int:
        new = {
            e.name for e in os.scandir(self._folder) if e.name in self._wanted and e.stat().st_mtime >= self._started
        }
        self._seen += len(new)
        self._wanted -= new
        return self._seen


def _sidecar_path(sidecar_dir: str, task_id: str) -> Path:
    return Path(sidecar_dir, f"{task_id}.json")


def _error_path(sidecar_dir: str, task_id: str) -> Path:
    return Path(sidecar_dir, f"{task_id}.error")


def _finished(sidecar_dir: str, task_id: str, key: str) -> Result | None:
    sidecar = read_json(_sidecar_path(sidecar_dir, task_id))
    return sidecar["result"] if sidecar and sidecar["key"] == key else None


def _one_line(error: BaseException) -> str:
    where = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"


def _explain(label: str, error: BaseException, sidecar_dir: str) -> str:
    """The failed task's own words where it left some, else the last line of what Beam says."""
    failures = [read_json(path) for path in sorted(Path(sidecar_dir).glob("*.error"))]
    if failures:
        return f"{label}: {failures[0]['task']} failed: {failures[0]['error']}"
    lines = [line for line in str(error).splitlines() if line.strip()]
    return f"{label}: {lines[-1] if lines else type(error).__name__}"


def _quiet_beam() -> None:
    for name in ("apache_beam", "root"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    threading.excepthook = _ignore_worker_end
    for name in ("no_proxy", "no_grpc_proxy"):  # workers and parent talk over loopback, whatever http_proxy says
        hosts = [h for h in os.environ.get(name, "").split(",") if h]
        os.environ[name] = ",".join(dict.fromkeys([*hosts, "localhost", "127.0.0.1", "::1"]))


_default_excepthook = threading.excepthook


def _ignore_worker_end(args: threading.ExceptHookArgs) -> None:
    """Beam's helper threads raise when their worker was ended on purpose; everything else stays loud."""
    frames = traceback.extract_tb(args.exc_traceback)
    if not any("apache_beam" in frame.filename or "grpc" in frame.filename for frame in frames):
        _default_excepthook(args)
