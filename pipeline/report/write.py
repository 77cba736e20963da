"""RUN/manifest.json and the folders beside it -> RUN/report.json (the truth) and RUN/report.html (its picture)."""

from __future__ import annotations

import json
from pathlib import Path

from pipeline.io.commit import atomic_path, read_json, write_json
from pipeline.report.facts import Facts, gather
from pipeline.report.funnel import ReportError
from pipeline.report.page import page


def write_report(run_dir: Path) -> Facts:
    """Write both files anew and return what report.json holds. Raises ReportError where there is no finished run."""
    facts = gather(run_dir, _manifest(run_dir))
    write_json(run_dir / "report.json", facts)
    with atomic_path(run_dir / "report.html") as path:
        path.write_text(page(facts), encoding="utf-8")
    return facts


def _manifest(run_dir: Path) -> Facts:
    path = run_dir / "manifest.json"
    if not run_dir.is_dir():
        raise ReportError(f"no run directory at {run_dir}; name the folder that `corpusmill run` wrote (its run_dir)")
    try:
        manifest = read_json(path)
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ReportError(f"{path} can't be read: {error}; run the recipe again, which writes it anew") from None
    if manifest is None:
        raise ReportError(
            f"{run_dir} holds no manifest.json, so no finished run; run its recipe, which goes on where it stopped"
        )
    if not isinstance(manifest, dict) or not isinstance(manifest.get("jobs"), list):
        raise ReportError(f"{path} is not the manifest of a run: it has no list of jobs; run the recipe again")
    return manifest
