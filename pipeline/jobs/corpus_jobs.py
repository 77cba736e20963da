"""Jobs that need to see every document: de-duplication, the tokenizer, packing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.config import (
    ExactDedupConfig,
    FormatConfig,
    LineDedupConfig,
    NearDedupConfig,
    PackConfig,
    Recipe,
    StageEntry,
    SubstringDedupConfig,
    TrainTokenizerConfig,
)
from pipeline.io.dataset import Documents
from pipeline.io.rundir import JobDir, key_of
from pipeline.io.stage_files import tokenizer_file
from pipeline.jobs.job import ConservationError, Context, Result, State, file_identity, folder_identity, settings_of
from tokenizer.special_tokens import reserved_tokens

SPECIAL_TOKENS = ("<|endoftext|>", "<|pad|>")
CHAT_TOKENS = ("<|im_start|>", "<|im_end|>")


@dataclass(frozen=True)
class DedupJob:
    """De-duplication of documents or of what is in them: verdicts, cuts, and the evidence of both."""

    name: str
    entry: StageEntry

    @property
    def owns(self) -> tuple[str, ...]:
        config = self.entry.config
        cuts = (f"cuts/{self.name}.parquet",) if self.cuts else ()
        misses = (f"near_misses/{self.name}.parquet",) if isinstance(config, NearDedupConfig) else ()
        index = (f"index/{self.entry.name}/*",) if getattr(config, "write_index", False) else ()
        return (f"duplicates/{self.name}.parquet", *cuts, *misses, *index)

    @property
    def cuts(self) -> bool:
        """True where it cuts passages out of documents."""
        return isinstance(self.entry.config, SubstringDedupConfig | LineDedupConfig)

    @property
    def settings(self) -> Any:
        indexes = getattr(self.entry.config, "index", ())
        return [settings_of([self.entry]), [folder_identity(f"{one}/{self.entry.name}") for one in indexes]]

    def run(self, context: Context, state: State, folder: JobDir, key: str) -> Result:
        from pipeline.stages.exact_dedup import exact_dedup_job
        from pipeline.stages.line_dedup import line_dedup_job
        from pipeline.stages.near_dedup import near_dedup_job
        from pipeline.stages.substring_dedup import substring_dedup_job

        paths = {
            "out_path": str(folder.path / "verdicts.arrow"),
            "evidence_path": str(context.run_dir / "duplicates" / f"{self.name}.parquet"),
            "work_dir": str(folder.path),
        }
        cut_paths = {
            "cuts_path": str(folder.path / "cuts.arrow"),
            "cuts_evidence_path": str(context.run_dir / "cuts" / f"{self.name}.parquet"),
        }
        config, index_dir = self.entry.config, str(context.run_dir / "index" / self.entry.name)
        if isinstance(config, ExactDedupConfig):
            result = exact_dedup_job(context.engine, state.documents, config, **paths, key=key, index_dir=index_dir)
        elif isinstance(config, SubstringDedupConfig):
            result = substring_dedup_job(context.engine, state.documents, config, **paths, **cut_paths, key=key)
        elif isinstance(config, LineDedupConfig):
            result = line_dedup_job(context.engine, state.documents, config, **paths, **cut_paths, key=key)
        else:
            assert isinstance(config, NearDedupConfig)
            misses = str(context.run_dir / "near_misses" / f"{self.name}.parquet")
            result = near_dedup_job(
                context.engine,
                state.documents,
                config,
                **paths,
                key=key,
                index_dir=index_dir,
                misses_path=misses,
            )
        if result["in"] != result["out"] + result["duplicates"]:
            raise ConservationError(
                f"{self.name}: {result['in']} in, {result['out']} out, {result['duplicates']} duplicates"
            )
        return result

    def after(self, context: Context, state: State, result: Result) -> dict[str, Any]:
        folder = context.run_dir / "jobs" / self.name
        files = [str(folder / name) for name in ("verdicts.arrow", *(("cuts.arrow",) if self.cuts else ()))]
        return {"documents": Documents(state.documents.shards, (*state.documents.verdicts, *files))}


@dataclass(frozen=True)
class TokenizerJob:
    """A tokenizer from all documents. Raises UserError at once for tokens that collide or have no room."""

    name: str
    config: TrainTokenizerConfig
    has_chat: bool

    def __post_init__(self) -> None:
        from pipeline.stages.measure_tokenizer import check_compared
        from pipeline.stages.train_tokenizer import check_vocabulary

        check_vocabulary(self.config, self.special_tokens)
        check_compared(self.config.compare)

    @property
    def owns(self) -> tuple[str, ...]:
        return ("tokenizer",)

    @property
    def special_tokens(self) -> tuple[str, ...]:
        own = self.config.special_tokens + reserved_tokens(self.config.reserved_tokens)
        return SPECIAL_TOKENS + (CHAT_TOKENS if self.has_chat else ()) + own

    @property
    def settings(self) -> Any:
        base = [folder_identity(self.config.extend)] if self.config.extend else []
        others = [file_identity(Path(tokenizer_file(path))) for path in self.config.compare]
        return [self.config.model_dump(mode="json"), self.special_tokens, base, others]

    def run(self, context: Context, state: State, folder: JobDir, key: str) -> Result:
        from pipeline.stages.measure_tokenizer import measure_tokenizer_job
        from pipeline.stages.train_tokenizer import train_tokenizer_job

        engine, documents, tokenizer_dir = context.engine, state.documents, str(context.run_dir / "tokenizer")
        paths = {"work_dir": str(folder.path), "key": key}
        trained = train_tokenizer_job(
            engine, documents, self.config, special_tokens=self.special_tokens, out_dir=tokenizer_dir, **paths
        )
        if not Path(tokenizer_dir, "tokenizer.json").is_file():
            return trained  # of a unigram model there is nothing that measures
        measured = measure_tokenizer_job(
            engine, documents, trained=trained, tokenizer_dir=tokenizer_dir, compare=self.config.compare, **paths
        )
        return trained | {"measured": measured}

    def after(self, context: Context, state: State, result: Result) -> dict[str, Any]:
        return {"tokenizer_dir": str(context.run_dir / "tokenizer")}


@dataclass(frozen=True)
class PackJob:
    """Tokens in rows of `context_len`. Raises UserError at once for a tokenizer that can't be used."""

    name: str
    config: PackConfig
    format: FormatConfig | None

    def __post_init__(self) -> None:
        from pipeline.stages.pack import open_tokenizer

        if self.config.tokenizer:
            open_tokenizer(self.config.tokenizer, self.config, self.format)

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


def recipe_fingerprint(recipe: Recipe) -> str:
    """Hash of what the recipe asks for, wherever, in whatever pieces and however fast it runs."""
    asked = recipe.model_dump(mode="json", exclude={"run_dir", "engine", "slice_bytes"})
    asked["stages"] = settings_of(recipe.stages)
    asked["input"] = sorted(({**one, "paths": sorted(one["paths"])} for one in asked["input"]), key=str)
    return key_of(asked)
