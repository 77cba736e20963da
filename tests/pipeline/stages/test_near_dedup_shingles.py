import numpy as np
import pyarrow as pa
import pytest

from pipeline.config import NearDedupConfig
from pipeline.io.dataset import write_verdicts
from pipeline.stages import near_dedup_shingles
from pipeline.stages.near_dedup_shingles import BucketTask, ShingleTask, shingled, write_buckets, write_shingle_sets
from tests.deduped import write_corpus
from tests.oracles import near_dedup as oracle
from tests.pipeline.stages.test_duplicates import rows

TEXTS = ["One two three four.", "", "日本語 x", "??", "one, two; THREE four", "ไทย " * 30]


@pytest.mark.parametrize("block_bytes", [1, 25, 2**18])
def test_shingles_do_not_depend_on_blocks(monkeypatch, block_bytes):
    monkeypatch.setattr(near_dedup_shingles, "TEXT_BLOCK_BYTES", block_bytes)
    found, num_blocks = [], 0
    for block_rows, shingle_S, offsets in shingled(pa.array(["cut off", *TEXTS]).slice(1), 2):
        assert block_rows.start == len(found)
        found += [part.tolist() for part in np.split(shingle_S, offsets[1:-1])]
        num_blocks += 1
    assert found == [oracle.shingles(text, 2) for text in TEXTS]
    assert num_blocks == {1: 6, 25: 4, 2**18: 1}[block_bytes]


def test_buckets_of_a_shard_are_those_of_its_documents_that_are_left(tmp_path):
    documents = write_corpus(tmp_path, ["before", *TEXTS], cuts=[1])
    write_verdicts(tmp_path / "gone.arrow", rows((5, 1, 1.0)))
    path = str(tmp_path / "keys.npy")
    config = NearDedupConfig(shingle_words=2, num_bands=7, rows_per_band=3)
    assert write_buckets(BucketTask(documents.shards[1], (str(tmp_path / "gone.arrow"),), config, path)) == {
        "documents": 5,
        "rows": 21,
    }
    buckets, ordinals = np.load(path)
    assert (np.diff(buckets.astype(object)) >= 0).all()
    expected = {
        (bucket, i + 1)
        for i, text in enumerate(TEXTS)
        if i + 1 != 5 and oracle.shingles(text, 2)
        for bucket in oracle.buckets(oracle.signature(oracle.shingles(text, 2), 21), 7)
    }
    assert set(zip(buckets.tolist(), ordinals.tolist(), strict=True)) == expected


def test_shingle_sets_of_nominated_documents(tmp_path):
    documents = write_corpus(tmp_path, ["before", *TEXTS], cuts=[1])
    np.save(tmp_path / "nominated.npy", np.array([0, 1, 3, 6]))
    path = str(tmp_path / "sets.arrow")
    task = ShingleTask(documents.shards[1], str(tmp_path / "nominated.npy"), 2, path)
    assert write_shingle_sets(task) == {"documents": 3}
    table = pa.ipc.open_file(path).read_all()
    assert table.column("ordinal").to_pylist() == [1, 3, 6]
    assert table.column("chars").to_pylist() == [len(TEXTS[i]) for i in (0, 2, 5)]
    assert table.column("shingles").to_pylist() == [sorted(set(oracle.shingles(TEXTS[i], 2))) for i in (0, 2, 5)]
