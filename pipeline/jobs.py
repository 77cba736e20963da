"""The kinds of job that `run.py` strings together. Each names what it depends on, runs, and says what is there now."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pipeline.config import (
    ExactDedupConfig,
    FormatConfig,
    NearDedupConfig,
    PackConfig,
    Recipe,
    ShapeBase,
    StageEntry,
    TrainConfig,
    TrainTokenizerConfig,
)
from pipeline.errors import RunFailedError
from pipeline.io.commit import read_json
from pipeline.io.dataset import Documents, Shard
from pipeline.io.rundir import JobDir, key_of
from pipeline.io.shards import file_digest
from pipeline.io.slices import Slice, SourceFile
from pipeline.io.sources import check_unchanged
from pipeline.stages.engine import Engine, Task
from pipeline.stages.rows import OUTPUTS, RowPlan, ShardSlice, SourceSlice, run_slice, warm

Result = dict[str, Any]
QUARANTINE_ALWAYS_ALLOWED = 10  # records; below this a share means nothing
HASHED_BYTES = 32 * 2**20
SPECIAL_TOKENS = ("<|endoftext|>", "<|pad|>")
CHAT_TOKENS = ("<|im_start|>", "<|im_end|>")


class ConservationError(RunFailedError):
    """What went in is not what came out: a defect of ours, never of the data."""


@dataclass(frozen=True)
class State:
    """What the jobs so far have committed. `lineage` is the key of the last one, so a change re-runs what follows."""

    lineage: str = ""
    documents: Documents = field(default_factory=Documents)
    tokenizer_dir: str = ""
    packed_dir: str = ""
    model_dir: str = ""


@dataclass(frozen=True)
class Context:
    """What every job may use."""

    recipe: Recipe
    run_dir: Path
    engine: Engine
    sources: Sequence[SourceFile]
    slices: Sequence[Slice]
    on_train_step: Callable[[Any], None]


class Job(Protocol):
    """One committed step. `settings` decide its key, `owns` its outputs below the run directory."""

    @property
    def name(self) -> str: ...

    @property
    def owns(self) -> tuple[str, ...]: ...

    @property
    def settings(self) -> Any: ...

    def run(self, context: Context, state: State, folder: JobDir, key: str) -> Result: ...

    def after(self, context: Context, state: State, result: Result) -> dict[str, Any]: ...


def _settings(entries: Iterable[StageEntry]) -> list[Any]:
    return [[entry.name, entry.config.model_dump(mode="json")] for entry in entries]


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
        return [_settings(self.stages), self.signals, self.is_last]

    def _documents_dir(self, context: Context, folder: JobDir) -> Path:
        return context.run_dir / "documents" if self.is_last else folder.path / "documents"

    def run(self, context: Context, state: State, folder: JobDir, key: str) -> Result:
        plan = self._plan(context, folder)
        tasks = self._tasks(context, state, plan)
        sidecars = str(folder.path / "slices")
        if self.reads_sources:
            check_unchanged(folder.path, context.sources, context.slices, _digests(sidecars, key))
        if tasks:
            warm(self.stages)  # models and settings fail here, before any worker starts
        results = context.engine.run_tasks(
            run_slice, tasks, sidecar_dir=sidecars, key=key, label=self._label(), progress_dir=plan.progress_dir
        )
        total = _sum(results, [entry.name for entry in self.stages])
        _check_conservation(self.name, total, results)
        if self.reads_sources:
            _check_quarantine(context.recipe, results)
        return total | {"shards": [r["files"].get("documents") for r in results]}

    def _label(self) -> str:
        return ", ".join(entry.name for entry in self.stages) or ("read" if self.reads_sources else "apply verdicts")

    def _plan(self, context: Context, folder: JobDir) -> RowPlan:
        documents = self._documents_dir(context, folder)
        folders = {output: str(context.run_dir / output) for output in OUTPUTS} | {"documents": str(documents)}
        prefixes = dict.fromkeys(OUTPUTS, f"{self.name}-") | {"documents": ""}
        lifted, keep_text = context.recipe.lifted_columns, context.recipe.keep_dropped_text
        return RowPlan(self.stages, lifted, self.signals, folders, prefixes, str(folder.path / "progress"), keep_text)

    def _tasks(self, context: Context, state: State, plan: RowPlan) -> list[Task]:
        if self.reads_sources:
            slices = [SourceSlice(plan, one, context.recipe.input) for one in context.slices]
            return [Task(s.id, s.slice.bytes, s) for s in slices]
        shards = [ShardSlice(plan, i, s, state.documents.verdicts) for i, s in enumerate(state.documents.shards)]
        return [Task(s.id, s.shard.bytes, s) for s in shards]

    def after(self, context: Context, state: State, result: Result) -> dict[str, Any]:
        folder = self._documents_dir(context, JobDir(context.run_dir, self.name, ()))
        return {"documents": Documents(tuple(_shards(folder, result["shards"])))}


def _shards(folder: Path, files: Iterable[Mapping[str, Any] | None]) -> Iterable[Shard]:
    first = 0
    for file in files:
        if file:
            yield Shard(str(folder / file["file"]), file["rows"], first, file["bytes"])
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
        total[name] = _sum_counts(r[name] for r in results)
    total["stages"] = [_sum_stage(name, [r["stages"][i] for r in results]) for i, name in enumerate(stage_names)]
    return total


def _sum_stage(name: str, tallies: Sequence[Result]) -> Result:
    sums = {n: sum(t[n] for t in tallies) for n in ("in", "out", "seconds")}
    counts = {n: _sum_counts(t[n] for t in tallies) for n in ("dropped", "signal_sums")}
    return {"name": name, "rules": tallies[0]["rules"] if tallies else [], **sums, **counts}


def _sum_counts(counts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return dict(sorted(total.items()))


def _check_conservation(job: str, total: Result, results: Sequence[Result]) -> None:
    """In = kept + dropped + skipped + quarantined, hop by hop, and as many rows on disk as were counted."""
    on_disk = Counter({name: sum(r["files"].get(name, {}).get("rows", 0) for r in results) for name in OUTPUTS})
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
            reasons = _sum_counts(r["quarantined"] for r in results)
            worst = ", ".join(f"{n} {reason}" for reason, n in sorted(reasons.items(), key=lambda item: -item[1])[:3])
            raise RunFailedError(
                f"input.{index}: {bad} of {records} records ({bad / records:.1%}) can't be read: {worst}; at most "
                f"{one.max_quarantine_fraction:.1%} may be. Look into quarantine/, mend the input, or raise "
                f"input.{index}.max_quarantine_fraction"
            )


@dataclass(frozen=True)
class DedupJob:
    """Exact or near de-duplication: verdicts and their evidence."""

    name: str
    entry: StageEntry

    @property
    def owns(self) -> tuple[str, ...]:
        return (f"duplicates/{self.name}.parquet",)

    @property
    def settings(self) -> Any:
        return _settings([self.entry])

    def run(self, context: Context, state: State, folder: JobDir, key: str) -> Result:
        from pipeline.stages.exact_dedup import exact_dedup_job
        from pipeline.stages.near_dedup import near_dedup_job

        paths = {
            "out_path": str(folder.path / "verdicts.arrow"),
            "evidence_path": str(context.run_dir / "duplicates" / f"{self.name}.parquet"),
            "work_dir": str(folder.path),
        }
        config = self.entry.config
        if isinstance(config, ExactDedupConfig):
            result = exact_dedup_job(context.engine, state.documents, config, **paths, key=key)
        else:
            assert isinstance(config, NearDedupConfig)
            result = near_dedup_job(context.engine, state.documents, config, **paths, key=key)
        if result["in"] != result["out"] + result["duplicates"]:
            raise ConservationError(
                f"{self.name}: {result['in']} in, {result['out']} out, {result['duplicates']} duplicates"
            )
        return result

    def after(self, context: Context, state: State, result: Result) -> dict[str, Any]:
        verdicts = str(context.run_dir / "jobs" / self.name / "verdicts.arrow")
        return {"documents": Documents(state.documents.shards, (*state.documents.verdicts, verdicts))}


@dataclass(frozen=True)
class TokenizerJob:
    """Byte-level BPE on all documents."""

    name: str
    config: TrainTokenizerConfig
    has_chat: bool

    @property
    def owns(self) -> tuple[str, ...]:
        return ("tokenizer",)

    @property
    def special_tokens(self) -> tuple[str, ...]:
        return SPECIAL_TOKENS + (CHAT_TOKENS if self.has_chat else ())

    @property
    def settings(self) -> Any:
        return [self.config.model_dump(mode="json"), self.special_tokens]

    def run(self, context: Context, state: State, folder: JobDir, key: str) -> Result:
        from pipeline.stages.train_tokenizer import train_tokenizer_job

        return train_tokenizer_job(
            context.engine,
            state.documents,
            self.config,
            special_tokens=self.special_tokens,
            out_dir=str(context.run_dir / "tokenizer"),
            work_dir=str(folder.path),
            key=key,
        )

    def after(self, context: Context, state: State, result: Result) -> dict[str, Any]:
        return {"tokenizer_dir": str(context.run_dir / "tokenizer")}


@dataclass(frozen=True)
class PackJob:
    """Tokens in rows of `context_len`, ready to train on."""

    name: str
    config: PackConfig
    format: FormatConfig | None

    @property
    def owns(self) -> tuple[str, ...]:
        return (self.config.name,)

    @property
    def settings(self) -> Any:
        tokenizer = folder_identity(self.config.tokenizer) if self.config.tokenizer else None
        return [self.config.model_dump(mode="json"), self.format and self.format.model_dump(mode="json"), tokenizer]

    def run(self, context: Context, state: State, folder: JobDir, key: str) -> Result:
        from pipeline.stages.pack import pack_job

        return pack_job(
            context.engine,
            state.documents,
            self.config,
            self.format,
            tokenizer_dir=self.config.tokenizer or state.tokenizer_dir,
            seed=context.recipe.seed,
            out_dir=str(context.run_dir / self.config.name),
            work_dir=str(folder.path),
            key=key,
            recipe_fingerprint=recipe_fingerprint(context.recipe),
        )

    def after(self, context: Context, state: State, result: Result) -> dict[str, Any]:
        tokenizer = self.config.tokenizer or state.tokenizer_dir
        return {"packed_dir": str(context.run_dir / self.config.name), "tokenizer_dir": tokenizer}


def folder_identity(folder: str) -> list[list[str | int]]:
    """What tells one tokenizer or model folder from another: small files by content, large ones by size and time."""
    files = sorted(path for path in Path(folder).glob("*") if path.is_file())
    return [[path.name, *_file_identity(path)] for path in files]


def _file_identity(path: Path) -> list[str | int]:
    stat = path.stat()
    return [file_digest(path)] if stat.st_size <= HASHED_BYTES else [stat.st_size, stat.st_mtime_ns]


def recipe_fingerprint(recipe: Recipe) -> str:
    """Hash of what the recipe asks for, wherever, in whatever pieces and however fast it runs."""
    asked = recipe.model_dump(mode="json", exclude={"run_dir", "engine", "slice_bytes"})
    asked["stages"] = _settings(recipe.stages)
    asked["input"] = sorted(({**one, "paths": sorted(one["paths"])} for one in asked["input"]), key=str)
    return key_of(asked)


@dataclass(frozen=True)
class TrainJob:
    """A model or an adapter."""

    name: str
    config: TrainConfig

    @property
    def output(self) -> str:
        return "model" if self.config.method == "full" else "adapter"

    @property
    def owns(self) -> tuple[str, ...]:
        return (self.output, f"checkpoints/{self.name}")

    @property
    def settings(self) -> Any:
        is_folder = isinstance(self.config.base, str) and self.config.base != "previous"
        return [self.config.model_dump(mode="json"), folder_identity(str(self.config.base)) if is_folder else None]

    def run(self, context: Context, state: State, folder: JobDir, key: str) -> Result:
        from pipeline.train.job import train_job

        base: str | ShapeBase = state.model_dir if self.config.base == "previous" else self.config.base
        began = time.perf_counter()
        result = train_job(
            self.config,
            packed_dir=state.packed_dir,
            base=base,
            out_dir=str(context.run_dir / self.output),
            checkpoint_dir=str(context.run_dir / "checkpoints" / self.name),
            seed=context.recipe.seed,
            key=key,
            on_step=context.on_train_step,
            tokenizer_dir=state.tokenizer_dir or None,
        )
        return result | {"output": self.output, "method": self.config.method, "seconds": time.perf_counter() - began}

    def after(self, context: Context, state: State, result: Result) -> dict[str, Any]:
        shutil.rmtree(context.run_dir / "checkpoints", ignore_errors=True)  # of no use once committed
        return {"model_dir": str(context.run_dir / "model")} if self.output == "model" else {}
