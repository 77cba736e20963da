"""The engine is tested with real worker processes: what it promises is about processes."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from pipeline.config import EngineConfig
from pipeline.errors import RunFailedError, UserError
from pipeline.io.commit import read_json
from pipeline.stages.engine import Engine, Task, check_runner
from tests import tasks

# Beam's own threads complain when a worker ends early, which is what some of these tests are about.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def _workers_find_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def _engine(workers: int = 2, **config: object) -> Engine:
    return Engine(EngineConfig(**config), workers=workers)


def _worker_processes() -> list[psutil.Process]:
    return [p for p in psutil.Process().children(recursive=True) if "pipeline.stages.worker" in " ".join(p.cmdline())]


def test_results_come_in_the_order_of_tasks_and_leave_sidecars(tmp_path):
    work = [Task(f"t{i}", size, i) for i, size in enumerate([1, 9, 5, 7])]
    results = _engine().run_tasks(tasks.double, work, sidecar_dir=str(tmp_path), key="k", label="double")
    assert [r["twice"] for r in results] == [0, 2, 4, 6]
    assert len({r["worker"] for r in results}) == 2
    assert os.getpid() not in {r["worker"] for r in results}
    sidecar = read_json(tmp_path / "t1.json")
    assert sidecar["key"] == "k"
    assert sidecar["result"]["twice"] == 2


def test_finished_tasks_are_not_run_again_unless_the_key_changes(tmp_path):
    arguments = {"sidecar_dir": str(tmp_path), "label": "sleep"}
    first = _engine(1).run_tasks(tasks.sleep, [Task("a", 1, 0.0)], key="k", **arguments)
    both = _engine(1).run_tasks(tasks.sleep, [Task("a", 1, 0.0), Task("b", 1, 0.0)], key="k", **arguments)
    assert both[0] == first[0]
    assert both[1]["worker"] != first[0]["worker"]
    other = _engine(1).run_tasks(tasks.sleep, [Task("a", 1, 0.0)], key="other", **arguments)
    assert other[0]["worker"] != first[0]["worker"]


def test_a_failing_task_is_named_and_the_others_keep_their_results(tmp_path):
    work = [Task(f"t{i}", 9 - i, i) for i in range(4)]
    with pytest.raises(RunFailedError, match="numbers: t3 failed: ValueError: three is not wanted"):
        _engine(1).run_tasks(tasks.refuse, work, sidecar_dir=str(tmp_path), key="k", label="numbers")
    assert read_json(tmp_path / "t0.json")["result"] == {"number": 0}
    assert not (tmp_path / "t3.json").exists()
    assert not _worker_processes()


def test_a_killed_worker_fails_the_job_within_seconds_and_the_next_call_goes_on(tmp_path):
    work = [Task("dies", 2, str(tmp_path / "marker"))]
    began = time.monotonic()
    with pytest.raises(RunFailedError, match=r"worker|ended|exited"):
        _engine(1).run_tasks(tasks.die_once, work, sidecar_dir=str(tmp_path), key="k", label="dies")
    assert time.monotonic() - began < 20
    assert _engine(1).run_tasks(tasks.die_once, work, sidecar_dir=str(tmp_path), key="k", label="dies") == [
        {"survived": True}
    ]


def test_workers_start_whatever_http_proxy_says(tmp_path, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    work = [Task("a", 1, "http_proxy")]
    results = _engine(1).run_tasks(tasks.environment, work, sidecar_dir=str(tmp_path), key="k", label="proxy")
    assert results == [{"http_proxy": "http://127.0.0.1:9"}]


def test_workers_that_do_not_come_up_fail_the_job_at_the_deadline(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/sleep 60;")
    began = time.monotonic()
    with pytest.raises(RunFailedError, match=r"no worker came up within 1 s|exited|return code"):
        _engine(1, startup_seconds=1.0).run_tasks(
            tasks.double, [Task("a", 1, 1)], sidecar_dir=str(tmp_path), key="k", label="late"
        )
    assert time.monotonic() - began < 15


def test_two_workers_may_meet_kernels_that_nobody_compiled_yet(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "kernels"))
    work = [Task(f"t{i}", 1, "two words") for i in range(2)]
    results = _engine(2).run_tasks(tasks.compile_kernels, work, sidecar_dir=str(tmp_path), key="k", label="kernels")
    assert [r["words"] for r in results] == [2, 2]
    assert len({r["worker"] for r in results}) == 2


def test_an_interpreter_path_with_a_space_works(tmp_path):
    home = tmp_path / "my python"
    (home / "bin").mkdir(parents=True)
    venv = Path(sys.prefix)
    (home / "bin" / "python").symlink_to(Path(sys.executable))
    if (venv / "pyvenv.cfg").exists():
        (home / "pyvenv.cfg").write_text((venv / "pyvenv.cfg").read_text())
    (home / "lib").symlink_to(venv / "lib")
    script = (
        "from tests.tasks import double\n"
        "from pipeline.config import EngineConfig\n"
        "from pipeline.stages.engine import Engine, Task\n"
        "import sys\n"
        "assert ' ' in sys.executable, sys.executable\n"
        f"print(Engine(EngineConfig(), workers=1).run_tasks(double, [Task('a', 1, 4)], sidecar_dir={str(tmp_path)!r}, "
        "key='k', label='space')[0]['twice'])\n"
    )
    done = subprocess.run(
        [str(home / "bin" / "python"), "-c", script], capture_output=True, text=True, timeout=60, cwd=ROOT, check=False
    )
    assert done.stdout == "8\n"
    assert done.stderr == ""


@pytest.mark.parametrize("name", ["NoSuchRunner", "no.such.module.Runner"])
def test_a_runner_that_is_not_there_is_the_users_mistake(name):
    check_runner("local")
    check_runner("FlinkRunner")
    with pytest.raises(UserError, match=rf"engine\.runner: {name} can't be used"):
        check_runner(name)


def test_another_runner_by_name_runs_the_same_tasks(tmp_path):
    engine = _engine(1, runner="FnApiRunner")
    results = engine.run_tasks(tasks.double, [Task("a", 1, 4)], sidecar_dir=str(tmp_path), key="k", label="here")
    assert results[0] == {"twice": 8, "worker": os.getpid()}
