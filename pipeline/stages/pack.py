"""Documents to rows of at most `context_len` tokens, whole where they fit, in three phases.

    encode   a task per document shard: texts and conversations to token ids on disk
    plan     here: validation split, pieces, which pieces share a row; arrays of a few bytes per document
    gather   a task per output shard: rows from the mapped token files

What decides the result: the documents in their order, the tokenizer, the settings, the seed. Not the shard borders.

Shapes: D = kept documents over all shards in order, S = pieces.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.config import FormatConfig, PackConfig
from pipeline.errors import RunFailedError, UserError
from pipeline.io.commit import write_json
from pipeline.io.dataset import Documents
from pipeline.io.packed import Manifest, PackedShard, shard_name, write_split_index
from pipeline.stages.engine import Engine, Task
from pipeline.stages.pack_encode import OTHER_SOURCE, EncodedShard, EncodeShard, encode_shard
from pipeline.stages.pack_gather import GatherShard, gather_shard
from pipeline.stages.pack_plan import SplitPlan, plan_split, validation_documents
from pipeline.stages.pack_sample import sample_texts
from tokenizer.chat import ChatEncoder, template_fingerprint
from tokenizer.encode import Encoder
from tokenizer.files import load

SHARD_BYTES = 64 * 2**20  # of input_ids, in full rows; part of what the output bytes depend on

Result = dict[str, Any]


class PackError(UserError):
    """The documents can't be packed as asked."""


@dataclass(frozen=True)
class _Pack:
    """What every phase needs to know."""

    config: PackConfig
    format: FormatConfig | None
    tokenizer_dir: str
    seed: int
    out_dir: Path
    work_dir: Path
    key: str
    manifest: Manifest
    why_library: str | None

    def stem(self, shard: int) -> str:
        """Where the encoded shard's files go."""
        return str(self.work_dir / "tokens" / f"{shard:05d}")

    def plan_stem(self, split: str) -> str:
        """Where the plan of a split goes."""
        return str(self.work_dir / "plan" / split)


def pack_job(
    engine: Engine,
    documents: Documents,
    config: PackConfig,
    format: FormatConfig | None,
    *,
    tokenizer_dir: str,
    seed: int,
    out_dir: str,
    work_dir: str,
    key: str,
    recipe_fingerprint: str,
) -> Result:
    """Write `out_dir`/train and /validation; counts of documents, tokens, rows, fill, and each reason to leave out.

    `warnings` says which documents the `tokenizers` library encoded, and why: it takes some twenty times as long.
    Raises PackError where the tokenizer can't do what is asked, conversations meet no format, or nothing is left.
    """
    encoder = open_tokenizer(tokenizer_dir, config, format)
    encoder.prove(sample_texts(documents, seed))
    manifest = Manifest(
        context_len=config.context_len,
        vocab_size=encoder.vocab_size,
        eos_id=encoder.eos_id,
        tokenizer=encoder.fingerprint,
        template=template_fingerprint() if format else None,
        recipe=recipe_fingerprint,
    )
    pack = _Pack(config, format, tokenizer_dir, seed, Path(out_dir), Path(work_dir), key, manifest, encoder.why_library)
    encoded = _encode(engine, documents, pack)
    total = _summed(encoded)
    if not total["kept"]:
        raise PackError(_nothing_left(total, config))
    plans = _plan(len(encoded), pack)
    gathered = _gather(engine, plans, encoded, pack, all_trained=not total["untrained_tokens"])
    splits = {name: _split_result(plan, gathered[name], config.context_len) for name, plan in plans.items()}
    _check_conservation(total, splits, plans)
    wanted = ("train", "validation") if config.validation_fraction else ("train",)
    result = {
        **{name: total[name] for name in ("documents", "bytes", "tokens", "dropped")},
        **{name: sum(s[name] for s in splits.values()) for name in ("trained_tokens", "rows", "pieces")},
        "splits": splits,
        "empty_splits": [name for name in wanted if name not in splits],
    }
    _write_index(gathered, result, pack)
    return result | {"warnings": _notices(pack, total["by_library"])}


def open_tokenizer(tokenizer_dir: str, config: PackConfig, format: FormatConfig | None) -> Encoder:
    """The tokenizer. Raises PackError where it can't do all that packing will ask of it."""
    try:
        encoder = load(tokenizer_dir)
        if format:
            ChatEncoder(encoder)
    except (ValueError, FileNotFoundError) as error:
        raise PackError(f"pack ({config.name}): {error}") from None
    return encoder


def _encode(engine: Engine, documents: Documents, pack: _Pack) -> list[Result]:
    tasks = []
    for i, shard in enumerate(documents.shards):
        job = EncodeShard(
            shard=shard,
            verdicts=documents.verdicts,
            tokenizer_dir=pack.tokenizer_dir,
            format=pack.format,
            sources=pack.config.sources,
            seed=pack.seed,
            stem=pack.stem(i),
            why_library=pack.why_library,
        )
        tasks.append(Task(f"{i:05d}", shard.bytes, job))
    label, sidecar_dir = f"{pack.config.name}: encode", str(pack.work_dir / "encode")
    results = engine.run_tasks(encode_shard, tasks, sidecar_dir=sidecar_dir, key=pack.key, label=label)
    for result in results:
        if result["unformatted"]:
            raise PackError(
                f"pack: {result['unformatted']} is a conversation, and nothing says how to write it; "
                "put a stage `format: {template: chatml}` before pack"
            )
    return results


def _summed(results: Sequence[Result]) -> Result:
    """Counts over all encoded shards."""
    dropped: Counter[str] = Counter()
    for result in results:
        dropped.update(result["dropped"])
    names = ("documents", "kept", "bytes", "tokens", "untrained_tokens", "by_library")
    return {
        **{n: sum(r[n] for r in results) for n in names},
        "dropped": {k: v for k, v in sorted(dropped.items()) if v},
    }


def _notices(pack: _Pack, by_library: int) -> list[str]:
    """Why encoding took longer than it could have, where it did."""
    name = f"pack ({pack.config.name})"
    if pack.why_library:
        return [
            f"{name}: encoded by the tokenizers library, some 20 times slower, for the tokenizer: {pack.why_library}"
        ]
    if by_library:
        kinds = "they hold tokens added beside the merges, or are not in Unicode's NFC"
        return [f"{name}: {by_library:,} texts were encoded by the tokenizers library, some 20 times slower: {kinds}"]
    return []


def _nothing_left(total: Result, config: PackConfig) -> str:
    why = ", ".join(f"{count} {reason}" for reason, count in total["dropped"].items()) or "none came in"
    way_out = "; no source matches pack.sources" if total["dropped"].get(OTHER_SOURCE) == total["documents"] else ""
    return f"pack ({config.name}): no document is left to pack of {total['documents']}: {why}{way_out}"


def _plan(num_shards: int, pack: _Pack) -> dict[str, SplitPlan]:
    """The plan of every split that is not empty, saved for the workers."""
    shards = [EncodedShard.open(pack.stem(i)) for i in range(num_shards)]
    key_D = np.concatenate([shard.key_D for shard in shards])
    tokens_D = np.concatenate([shard.tokens_D for shard in shards])
    is_validation_D = validation_documents(key_D, pack.config.validation_fraction)
    plans = {}
    for split, mine_D in (("train", ~is_validation_D), ("validation", is_validation_D)):
        if mine_D.any():
            chosen = np.flatnonzero(mine_D)
            context_len, seed = pack.config.context_len, pack.seed
            plans[split] = plan_split(chosen, tokens_D[chosen], key_D[chosen], context_len=context_len, seed=seed)
            plans[split].save(pack.plan_stem(split))
    return plans


def _gather(
    engine: Engine, plans: dict[str, SplitPlan], encoded: Sequence[Result], pack: _Pack, *, all_trained: bool
) -> dict[str, list[Result]]:
    """The written shards of every split."""
    first = np.cumsum([0, *(r["kept"] for r in encoded)]).tolist()
    row_bytes = 4 * pack.config.context_len
    rows_per_shard = max(1, SHARD_BYTES // row_bytes)
    tasks, splits = [], []
    for split, plan in plans.items():
        starts = range(0, plan.num_rows, rows_per_shard)
        for i, low in enumerate(starts):
            job = GatherShard(
                plan_stem=pack.plan_stem(split),
                encoded=tuple((pack.stem(e), first[e]) for e in range(len(encoded))),
                first_row=low,
                last_row=min(low + rows_per_shard, plan.num_rows),
                path=str(pack.out_dir / split / shard_name(i, len(starts))),
                manifest=pack.manifest,
                columns=pack.config.columns,
                all_trained=all_trained,
            )
            tasks.append(Task(f"{split}-{i:05d}", (job.last_row - low) * row_bytes, job))
            splits.append(split)
    label, sidecar_dir = f"{pack.config.name}: gather", str(pack.work_dir / "gather")
    results = engine.run_tasks(gather_shard, tasks, sidecar_dir=sidecar_dir, key=pack.key, label=label)
    return {split: [r for s, r in zip(splits, results, strict=True) if s == split] for split in plans}


def _split_result(plan: SplitPlan, shards: Sequence[Result], context_len: int) -> Result:
    sums = {name: sum(s[name] for s in shards) for name in ("rows", "pieces", "tokens", "trained_tokens")}
    return {
        "documents": int(np.unique(plan.document_S).size),
        **sums,
        "lower_bound_rows": -(-sums["tokens"] // context_len),
        "fill_fraction": sums["tokens"] / (sums["rows"] * context_len),
        "shards": len(shards),
    }


def _check_conservation(total: Result, splits: dict[str, Result], plans: dict[str, SplitPlan]) -> None:
    """Documents in = packed + dropped; tokens encoded = tokens in rows; every planned piece was written."""
    sums = {name: sum(s[name] for s in splits.values()) for name in ("documents", "tokens", "pieces", "rows")}
    wrong = {
        "documents": total["documents"] - sums["documents"] - sum(total["dropped"].values()),
        "tokens": total["tokens"] - sums["tokens"],
        "pieces": sum(plan.length_S.size for plan in plans.values()) - sums["pieces"],
        "rows": sum(plan.num_rows for plan in plans.values()) - sums["rows"],
    }
    if any(wrong.values()):
        raise RunFailedError(f"pack: what came in is not what was packed ({wrong}); this is a defect, please report it")


def _write_index(gathered: dict[str, list[Result]], result: Result, pack: _Pack) -> None:
    """The files that make the folder open in `datasets`, and the manifest, last."""
    shards = {split: [PackedShard(**r["shard"]) for r in results] for split, results in gathered.items()}
    for split, written in shards.items():
        write_split_index(pack.out_dir / split, written, split=split)
    write_json(pack.out_dir / "dataset_dict.json", {"splits": list(shards)})
    asked = pack.config.model_dump(mode="json", exclude={"tokenizer"})  # a path; its fingerprint says more
    settings = {"pack": asked, "format": pack.format and pack.format.model_dump(mode="json")}
    files = {split: [asdict(shard) for shard in written] for split, written in shards.items()}
    manifest = {**asdict(pack.manifest), "settings": settings, "files": files, **result}
    write_json(pack.out_dir / "manifest.json", manifest)
