"""Row jobs: neighbouring row stages over sources or committed documents, and the sums that must hold after them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.config import Recipe, StageEntry
from pipeline.errors import RunFailedError
from pipeline.io.commit import read_json
from pipeline.io.dataset import Documents, Shard
from pipeline.io.rundir import JobDir
from pipeline.io.sources import check_unchanged
from pipeline.io.stage_files import file_digests
from pipeline.jobs.job import ConservationError, Context, Result, State, settings_of, summed
from pipeline.jobs.model_job import with_models
from pipeline.stages.engine import Task
from pipeline.stages.rows import OUTPUTS, RowPlan, ShardSlice, SourceSlice, run_slice, warm

QUARANTINE_ALWAYS_ALLOWED = 10  # records; below this a share means nothing


@dataclass(frozen=True)
class RowJob:
    """Neighbouring row stages over the sources (`reads_sources`), or over committed documents less their verdicts."""

    name: str
    stages: tuple[StageEntry, ...]
    signals: tuple[str, ...]
    reads_sources: bool
    is_last: bool

    @property
    def owns(self) -> tuple[str, ...]:
        documents = ("documents/*",) if self.is_last else ()
        return (*documents, *(f"{output}/{self.name}-*" for output in OUTPUTS if output != "documents"))

    @property
    def settings(self) -> Any:
        return [settings_of(self.stages), [file_digests(entry) for entry in self.stages], self.signals, self.is_last]

    def _documents_dir(self, context: Context, folder: JobDir) -> Path:
        return context.run_dir / "documents" if self.is_last else folder.path / "documents"

    def run(self, context: Context, state: State, folder: JobDir, key: str) -> Result:
        plan = self._plan(context, state, folder)
        tasks = self._tasks(context, state, plan)
        sidecars = str(folder.path / "slices")
        if self.reads_sources:
            check_unchanged(folder.path, context.sources, context.slices, _digests(sidecars, key))
        if tasks:
            inputs = context.recipe.input if self.reads_sources else ()
            warm(plan.stages, inputs)  # models and settings fail here, before any worker starts
        results = context.engine.run_tasks(
            run_slice, tasks, sidecar_dir=sidecars, key=key, label=self._label(), progress_dir=plan.progress_dir
        )
        total = _sum(results, [entry.name for entry in self.stages])
        _check_conservation(self.name, total, results)
        if self.reads_sources:
            _check_quarantine(context.recipe, results)
        return total | {"shards": [shard for r in results for shard in _shard_files(r["files"])]}

    def _label(self) -> str:
        return ", ".join(entry.name for entry in self.stages) or ("read" if self.reads_sources else "apply verdicts")

    def _plan(self, context: Context, state: State, folder: JobDir) -> RowPlan:
        documents = self._documents_dir(context, folder)
        folders = {output: str(context.run_dir / output) for output in OUTPUTS} | {"documents": str(documents)}
        prefixes = dict.fromkeys(OUTPUTS, f"{self.name}-") | {"documents": ""}
        lifted, keep_text = context.recipe.lifted_columns, context.recipe.keep_dropped_text
        stages = with_models(self.stages, state.models)
        progress_dir = str(folder.path / "progress")
        splits = self.is_last and any(e.language and e.language.split_output for e in context.recipe.stages)
        return RowPlan(stages, lifted, self.signals, folders, prefixes, progress_dir, keep_text, splits)

    def _tasks(self, context: Context, state: State, plan: RowPlan) -> list[Task]:
        if self.reads_sources:
            slices = [SourceSlice(plan, one, context.recipe.input) for one in context.slices]
            return [Task(s.id, s.slice.bytes, s) for s in slices]
        shards = [ShardSlice(plan, i, s, state.documents.verdicts) for i, s in enumerate(state.documents.shards)]
        return [Task(s.id, s.shard.bytes, s) for s in shards]

    def after(self, context: Context, state: State, result: Result) -> dict[str, Any]:
        folder = self._documents_dir(context, JobDir(context.run_dir, self.name, ()))
        shards = tuple(_shards(folder, context.run_dir / "scores", result["shards"]))
        return {"documents": Documents(shards), "rows_job": self.name}


def _shard_files(files: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A slice's document files, each with the file that holds its signals."""
    scores = [file["file"] for file in files.get("scores", ())]
    for shard in files.get("documents", ()):
        yield shard | {"scores": scores[0] if scores else ""}


def _shards(folder: Path, scores: Path, files: Iterable[Mapping[str, Any]]) -> Iterator[Shard]:
    first = 0
    for file in files:
        signals = str(scores / file["scores"]) if file["scores"] else ""
        yield Shard(str(folder / file["file"]), file["rows"], first, file["bytes"], signals)
        first += file["rows"]


def _digests(sidecar_dir: str, key: str) -> dict[str, str]:
    """Digests of every piece that finished slices of this key have read."""
    sidecars = (read_json(path) for path in sorted(Path(sidecar_dir).glob("*.json")))
    found = (s["result"]["digests"] for s in sidecars if s and s["key"] == key)
    return {name: digest for digests in found for name, digest in digests.items()}


def _sum(results: Sequence[Result], stage_names: Sequence[str]) -> Result:
    """Totals of a row job over its slices, in slice order."""
    total: Result = {
        n: sum(r[n] for r in results) for n in ("records", "documents", "kept", "kept_text_bytes", "bytes_read")
    }
    for name in ("skipped", "quarantined"):
        total[name] = summed(r[name] for r in results)
    total["stages"] = [_sum_stage(name, [r["stages"][i] for r in results]) for i, name in enumerate(stage_names)]
    return total


def _sum_stage(name: str, tallies: Sequence[Result]) -> Result:
    sums = {n: sum(t[n] for t in tallies) for n in ("in", "out", "seconds")}
    counts = {n: summed(t[n] for t in tallies) for n in ("dropped", "evaluated", "fired", "signal_sums")}
    return {"name": name, "rules": tallies[0]["rules"] if tallies else [], **sums, **counts}


def _check_conservation(job: str, total: Result, results: Sequence[Result]) -> None:
    """In = kept + dropped + skipped + quarantined, hop by hop, and as many rows on disk as were counted."""
    on_disk = Counter({name: sum(f["rows"] for r in results for f in r["files"].get(name, ())) for name in OUTPUTS})
    lost = total["records"] - total["documents"] - sum(total["skipped"].values()) - sum(total["quarantined"].values())
    rows, dropped = total["documents"], 0
    sums = {"reading": lost}
    for stage in total["stages"]:
        sums[f"{stage['name']} in"] = rows - stage["in"]
        sums[f"{stage['name']} out"] = stage["in"] - stage["out"] - sum(stage["dropped"].values())
        rows, dropped = stage["out"], dropped + sum(stage["dropped"].values())
    sums["documents"] = rows - on_disk["documents"]
    sums["dropped rows"] = dropped - on_disk["dropped"]
    sums["quarantine rows"] = sum(total["quarantined"].values()) - on_disk["quarantine"]
    wrong = {name: difference for name, difference in sums.items() if difference}
    if wrong:
        raise ConservationError(f"{job}: rows in and out differ ({wrong}); this is a defect, please report it")


def _check_quarantine(recipe: Recipe, results: Sequence[Result]) -> None:
    """Stop where more of an input was unreadable than it allows."""
    for index, one in enumerate(recipe.input):
        tallies = [r["inputs"][str(index)] for r in results if str(index) in r["inputs"]]
        records, bad = sum(t["records"] for t in tallies), sum(t["quarantined"] for t in tallies)
        if bad > QUARANTINE_ALWAYS_ALLOWED and bad > one.max_quarantine_fraction * records:
            reasons = summed(r["quarantined"] for r in results)
            worst = ", ".join(f"{n} {reason}" for reason, n in sorted(reasons.items(), key=lambda item: -item[1])[:3])
            raise RunFailedError(
                f"input.{index}: {bad} of {records} records ({bad / records:.1%}) can't be read: {worst}; at most "
                f"{one.max_quarantine_fraction:.1%} may be. Look into quarantine/, mend the input, or raise "
                f"input.{index}.max_quarantine_fraction"
            )
