"""The demo's corpus, from a small made-up installation. The demo itself runs under `make demo` and the slow tier."""

import json

import pytest

from pipeline import demo
from tests.runs import corpusmill

FIFTY = " ".join(["word"] * 50)


@pytest.fixture
def installation(tmp_path):
    std, site = tmp_path / "lib", tmp_path / "lib" / "site-packages"
    (site / "thing-1.0.dist-info").mkdir(parents=True)
    (std / "module.py").write_text(
        f'"""{FIFTY} module"""\nclass A:\n    """{FIFTY} class"""\n    def f(self):\n        """short"""\n'
    )
    (std / "broken.py").write_text("def (:\n")
    (std / "surrogate.py").write_text(f'"""{FIFTY} \\ud800 half"""\n')
    (site / "package.py").write_text(f'async def g():\n    """\n    {FIFTY}\n      indented\n    """\n')
    (site / "thing-1.0.dist-info" / "METADATA").write_text(f"Name: thing\nVersion: 1\n\n# Thing\n\n{FIFTY}\n")
    (site / "thing-1.0.dist-info" / "LICENSE").write_text(f"Licence {FIFTY}\n")
    (site / "thing-1.0.dist-info" / "LICENSE.py").write_text("pass\n")
    return [std, site]


def test_docstrings_readmes_and_licences_are_gathered_with_their_paths(installation, tmp_path):
    counts = demo.gather(tmp_path / "corpus", installation)
    assert counts == {"docstrings": 4, "readmes": 1, "licences": 1}
    rows = [json.loads(line) for line in (tmp_path / "corpus" / "docstrings.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == ["module.py:", "module.py:A", "package.py:g", "surrogate.py:"]
    assert rows[2]["text"].endswith("\n  indented")
    assert rows[3]["text"].endswith("? half")


def test_no_package_fills_the_corpus(monkeypatch, tmp_path):
    for name in ("a.py", "b.py", "other.py"):
        (tmp_path / "package").mkdir(exist_ok=True)
        (tmp_path / "package" / name).write_text("x" * 60)
    files = [(f"package/{p.name}", p) for p in sorted((tmp_path / "package").iterdir())]
    monkeypatch.setattr(demo, "MAX_PACKAGE_BYTES", 130)
    assert [name for name, _ in demo._within_limits(files)] == ["package/a.py", "package/b.py"]


@pytest.mark.slow
def test_the_demo_runs_the_full_line(tmp_path):
    done = corpusmill("demo", "--run-dir", str(tmp_path / "demo"), timeout=900)
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "demo" / "report.json").read_text())
    assert report["funnel"][0]["out"] > 1000
