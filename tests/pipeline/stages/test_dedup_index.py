"""Indexes: the first run wins, whatever the batch that comes behind it looks like."""

import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasketch import MinHash, MinHashLSH

from pipeline.config import ExactDedupConfig, NearDedupConfig, Recipe
from pipeline.errors import UserError
from pipeline.io.dataset import Documents, Shard, read_shard
from pipeline.schema import document_schema
from pipeline.stages.dedup_index import check_indexes, index_files, made_by, resolved
from pipeline.stages.exact_dedup import exact_dedup_job
from pipeline.stages.near_dedup import near_dedup_job
from tests.deduped import LocalEngine
from tests.oracles import near_dedup as oracle
from tests.pipeline.stages.test_near_dedup import variations

JOBS = {"exact_dedup": (exact_dedup_job, ExactDedupConfig), "near_dedup": (near_dedup_job, NearDedupConfig)}


def batch(folder: Path, texts: list[str], name: str) -> Documents:
    """Documents called name-0, name-1, ... in two shards."""
    folder.mkdir(parents=True, exist_ok=True)
    shards, cut = [], len(texts) // 3
    for i, (start, stop) in enumerate([(0, cut), (cut, len(texts))]):
        rows = [{"doc_id": f"{name}-{d}", "source": name, "position": d, "text": texts[d]} for d in range(start, stop)]
        path = folder / f"{i}.parquet"
        pq.write_table(pa.Table.from_pylist(rows, document_schema()), path)
        shards.append(Shard(str(path), stop - start, start, path.stat().st_size))
    return Documents(tuple(shards))


def run(stage: str, folder: Path, documents: Documents, **settings) -> tuple[dict, dict[str, str], list[str]]:
    """(counts, keeper of each removed document, texts that stay); the index comes to folder/index."""
    job, config = JOBS[stage]
    counts = job(
        LocalEngine(),
        documents,
        config.model_validate(settings),
        out_path=str(folder / "out.arrow"),
        evidence_path=str(folder / "out.parquet"),
        work_dir=str(folder / "work"),
        key="key",
        index_dir=str(folder / "index" / stage),
    )
    pairs = pq.read_table(folder / "out.parquet").to_pylist() if (folder / "out.parquet").exists() else []
    kept = [
        text
        for shard in documents.shards
        for rows, _ in read_shard(shard, (str(folder / "out.arrow"),))
        for text in rows.column("text").to_pylist()
    ]
    return counts, {row["doc_id"]: row["keeper_id"] for row in pairs}, kept


@pytest.mark.parametrize("prefer", [["longest", "first"], ["first"]])
def test_exact_copies_of_an_earlier_run_go_and_name_their_keeper(tmp_path, prefer):
    first, second = ["a", "b", "b", "x"], ["b", "c", "c", "a", "y"]
    _, keepers, kept = run("exact_dedup", tmp_path / "1", batch(tmp_path / "1", first, "old"), write_index=True)
    assert (keepers, kept) == ({"old-2": "old-1"}, ["a", "b", "x"])
    counts, keepers, kept = run(
        "exact_dedup",
        tmp_path / "2",
        batch(tmp_path / "2", second, "new"),
        index=[str(tmp_path / "1" / "index")],
        prefer=prefer,
    )
    assert keepers == {"new-0": "old-1", "new-2": "new-1", "new-3": "old-0"}
    assert kept == ["c", "y"]
    assert (counts["in"], counts["out"], counts["duplicates"], counts["indexed"]) == (5, 2, 3, 3)


def by_definition(old: list[str], new: list[str], config: NearDedupConfig) -> dict[str, str]:
    """Documents of the second batch against those that stayed of the first, which are before all of them."""
    names = ("shingle_words", "num_bands", "rows_per_band", "min_jaccard", "max_representatives")
    settings = {name: getattr(config, name) for name in names}
    gone = {r.ordinal for r in oracle.removals(old, **settings, prefer=("longest", "first"))}
    stayed = [i for i in range(len(old)) if i not in gone]
    order = sorted(range(len(new)), key=lambda i: (-len(new[i]), i))  # the rank in which they are decided
    found = oracle.removals([old[i] for i in stayed] + [new[i] for i in order], **settings, prefer=("first",))
    names = [f"old-{i}" for i in stayed] + [f"new-{i}" for i in order]
    return {names[r.ordinal]: names[r.keeper] for r in found if r.ordinal >= len(stayed)}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_near_copies_of_an_earlier_run_go_as_the_definition_says(tmp_path, seed):
    texts = [*variations(random.Random(seed), 120, num_words=30), "", "...", "one"]
    old, new = texts[:60], [*texts[60:], "one"]
    settings = {"shingle_words": 3, "num_bands": 10, "rows_per_band": 4, "min_jaccard": 0.7, "planted": 10}
    run("near_dedup", tmp_path / "1", batch(tmp_path / "1", old, "old"), write_index=True, **settings)
    other_bands = settings | {"num_bands": 8, "rows_per_band": 5}
    for i, bands in enumerate([settings, other_bands]):
        counts, keepers, _ = run(
            "near_dedup",
            tmp_path / f"2{i}",
            batch(tmp_path / f"2{i}", new, "new"),
            index=[str(tmp_path / "1" / "index")],
            **bands,
        )
        if bands is settings:
            assert keepers == by_definition(old, new, NearDedupConfig.model_validate(settings))
            assert any(keeper.startswith("old") for keeper in keepers.values())
            assert any(keeper.startswith("new") for keeper in keepers.values())
        assert counts["indexed"] > 10
        assert counts["in"] == counts["out"] + len(keepers) == len(new)


def test_an_index_loads_into_datasketch(tmp_path):
    texts = variations(random.Random(5), 30, num_words=30)
    documents = batch(tmp_path, [*texts, "!?"], "old")
    run("near_dedup", tmp_path, documents, write_index=True, shingle_words=2, planted=0)
    config = NearDedupConfig(shingle_words=2)
    files = index_files([str(tmp_path / "index")], made_by(config), 0)
    lsh = MinHashLSH(num_perm=112, params=(14, 8))
    for file in files:
        for row in pa.ipc.open_file(file.path).read_all().to_pylist():
            text = texts[int(row["doc_id"].split("-")[1])]
            assert row["shingles"] == sorted(set(oracle.shingles(text, 2)))
            assert row["signature"] == oracle.signature(row["shingles"], 112)
            sketch = MinHash(112, seed=1, scheme="affine32", hashvalues=np.array(row["signature"], np.uint32))
            lsh.insert(row["doc_id"], sketch)
            assert row["doc_id"] in lsh.query(sketch)
    assert sum(file.rows for file in files) > 10


def recipe(folder: Path, **settings) -> Recipe:
    stages = [{"near_dedup": {"index": [str(folder / "index")], **settings}}]
    source = {"format": "jsonl", "paths": ["x.jsonl"]}
    return Recipe.model_validate({"run_dir": str(folder / "run"), "input": [source], "stages": stages})


def test_indexes_that_do_not_fit_are_refused_before_any_work(tmp_path):
    with pytest.raises(UserError, match=r"near_dedup.index: no files in .*write_index: true"):
        check_indexes(recipe(tmp_path))
    run("near_dedup", tmp_path, batch(tmp_path, ["a b c d e f"] * 3, "old"), write_index=True)
    check_indexes(recipe(tmp_path))
    check_indexes(recipe(tmp_path, num_bands=28, rows_per_band=4))
    for settings, said in [
        ({"shingle_words": 3}, r"made with shingle_words 5 \(asked: 3\)"),
        ({"num_bands": 20, "rows_per_band": 5}, r"num_hashes 112 \(asked: 100\)"),
        ({"normalize": "fineweb"}, r"normalize words \(asked: fineweb\)"),
    ]:
        with pytest.raises(UserError, match=said):
            check_indexes(recipe(tmp_path, **settings))
    (tmp_path / "index" / "near_dedup" / "0.arrow").write_bytes(b"not arrow")
    with pytest.raises(UserError, match="is no Arrow file"):
        check_indexes(recipe(tmp_path))


def test_a_run_cannot_be_its_own_past(tmp_path):
    stages = [{"exact_dedup": {"index": [str(tmp_path / "run" / "index")]}}]
    source = {"format": "jsonl", "paths": ["x.jsonl"]}
    one = Recipe.model_validate({"run_dir": str(tmp_path / "run"), "input": [source], "stages": stages})
    with pytest.raises(UserError, match="own folder"):
        check_indexes(one)


@pytest.mark.parametrize(
    ("min_jaccard", "num_hashes", "miss_weight"), [(0.8, 128, 0.5), (0.8, 128, 0.9), (0.5, 64, 0.5)]
)
def test_bands_are_those_of_datasketchs_optimiser(min_jaccard, num_hashes, miss_weight):
    config = NearDedupConfig(min_jaccard=min_jaccard, num_hashes=num_hashes, miss_weight=miss_weight)
    lsh = MinHashLSH(threshold=min_jaccard, num_perm=num_hashes, weights=(1 - miss_weight, miss_weight))
    got = resolved(config)
    assert (got.num_bands, got.rows_per_band) == (lsh.b, lsh.r)
    assert resolved(got) is got
