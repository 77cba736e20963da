import numpy as np
import pyarrow.parquet as pq

from pipeline.config import NearDedupConfig
from pipeline.io.dataset import write_verdicts
from pipeline.stages.near_dedup_buckets import BucketTask, write_buckets
from pipeline.stages.near_dedup_planted import Plants
from tests.deduped import write_corpus
from tests.oracles import near_dedup as oracle
from tests.pipeline.stages.test_duplicates import rows

TEXTS = ["One two three four.", "", "日本語 x", "??", "one, two; THREE four", "ไทย " * 30]


def test_buckets_of_a_shard_are_those_of_its_documents_that_are_left(tmp_path):
    documents = write_corpus(tmp_path, ["before", *TEXTS], cuts=[1])
    write_verdicts(tmp_path / "gone.arrow", rows((5, 1, 1.0)))
    path = str(tmp_path / "keys.npy")
    config = NearDedupConfig(shingle_words=2, num_bands=7, rows_per_band=3)
    assert write_buckets(BucketTask(documents.shards[1], (str(tmp_path / "gone.arrow"),), config, path)) == {
        "documents": 5,
        "rows": 21,
        "groups": ["test"],
        "similarities": [],
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


def test_copies_are_in_the_buckets_of_their_texts_and_in_no_count(tmp_path):
    (shard,) = write_corpus(tmp_path, TEXTS).shards
    config = NearDedupConfig(shingle_words=2, num_bands=7, rows_per_band=3)
    plants = Plants((0, 1, 5), 50, 16, str(tmp_path / "copies.parquet"))
    done = write_buckets(BucketTask(shard, (), config, str(tmp_path / "keys.npy"), plants))
    copies = pq.read_table(plants.path).column("text").to_pylist()
    assert copies[:2] == ["One two three four.", ""]  # every 17th copy is a plain one
    assert (done["documents"], done["rows"]) == (6, 6 * 7)  # 4 texts with words, and 2 copies
    assert [s is None for s in done["similarities"]] == [False, True, False]
    buckets, ordinals = np.load(tmp_path / "keys.npy")
    for i, text in zip((0, 2), (copies[0], copies[2]), strict=True):
        expected = oracle.buckets(oracle.signature(oracle.shingles(text, 2), 21), 7)
        assert sorted(buckets[ordinals == 50 + i].tolist()) == sorted(expected)
    assert 51 not in ordinals
