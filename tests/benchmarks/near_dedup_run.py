"""Near-duplicate removal of texts in memory, through the stage's own functions, in this process."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pyarrow as pa

from pipeline.config import NearDedupConfig
from pipeline.io.dataset import Documents
from pipeline.kernels import minhash
from pipeline.kernels.buffers import string_view
from pipeline.kernels.words import word_hashes, word_spans
from pipeline.stages.engine import Engine, Result
from pipeline.stages.near_dedup import near_dedup_job
from tests.deduped import LocalEngine, write_corpus


@dataclass(frozen=True)
class Run:
    """What a run counted, and its verdicts: document `gone[i]` goes for `keeper[i]`."""

    counts: Result
    gone: list[int]
    keeper: list[int]
    jaccard: list[float]

    def keepers(self) -> list[int]:
        """The document that stays for each: itself, where it stays."""
        found = list(range(self.counts["in"]))
        for document, keeper in zip(self.gone, self.keeper, strict=True):
            found[document] = keeper
        return found


def near_dedup(texts: Sequence[str], config: NearDedupConfig, *, seed: int = minhash.SEED) -> Run:
    """Every document of `texts` decided, in one process, by permutations of that seed."""
    with tempfile.TemporaryDirectory() as folder, patch.object(minhash, "SEED", seed):
        return decide(write_corpus(Path(folder, "documents"), texts), config, LocalEngine(), Path(folder))


def decide(documents: Documents, config: NearDedupConfig, engine: LocalEngine | Engine, folder: Path) -> Run:
    """Every document decided, by files in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    out = folder / "near.arrow"
    counts = near_dedup_job(
        engine,  # type: ignore[arg-type]  # LocalEngine has what a job asks of an engine
        documents,
        config,
        out_path=str(out),
        evidence_path=str(folder / "near.parquet"),
        work_dir=str(folder / "work"),
        key="key",
    )
    with pa.memory_map(str(out)) as source:
        verdicts = pa.ipc.open_file(source).read_all()
    return Run(counts, *(verdicts.column(name).to_pylist() for name in ("ordinal", "keeper", "jaccard")))


def hashed_words(texts: Sequence[str]) -> list[str]:
    """Each document's words as the stage cuts and lower-cases them, each as its hash in hexadecimal."""
    text_B, offsets_D1 = string_view(pa.array(texts, pa.string()))
    spans = word_spans(text_B, offsets_D1)
    hash_W = np.char.mod("%016x", word_hashes(text_B, spans.starts_W, spans.ends_W))
    at = spans.word_offsets_D1
    return [" ".join(hash_W[at[d] : at[d + 1]]) for d in range(len(texts))]
