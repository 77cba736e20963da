import numpy as np
import pyarrow as pa

from pipeline.config import NearDedupConfig
from pipeline.io.dataset import write_verdicts
from pipeline.stages.dedup_index import IndexFile
from pipeline.stages.near_dedup_buckets import BucketTask, write_buckets
from pipeline.stages.near_dedup_index import (
    IndexBucketTask,
    IndexShingleTask,
    IndexTask,
    write_index_buckets,
    write_index_of_shard,
    write_index_shingles,
)
from tests.deduped import doc_id, write_corpus
from tests.oracles import near_dedup as oracle
from tests.pipeline.stages.test_duplicates import rows

TEXTS = ["one two three four", "...", "five six seven", "", "日本語の文", "eight nine"]
CONFIG = NearDedupConfig(shingle_words=2, num_bands=4, rows_per_band=3)


def indexed(folder) -> IndexFile:
    documents = write_corpus(folder, TEXTS)
    write_verdicts(folder / "gone.arrow", rows((2, 0, 1.0)))
    path = str(folder / "index.arrow")
    done = write_index_of_shard(IndexTask(documents.shards[0], (str(folder / "gone.arrow"),), CONFIG, path))
    assert done == {"documents": 3}
    return IndexFile(path, 3, 100)


def test_an_index_holds_what_stays_and_has_words(tmp_path):
    file = indexed(tmp_path)
    assert file.doc_ids(np.array([100, 102])).to_pylist() == [doc_id(0), doc_id(5)]
    table = pa.ipc.open_file(file.path).read_all()
    assert table.column("shingles").to_pylist() == [sorted(set(oracle.shingles(TEXTS[i], 2))) for i in (0, 4, 5)]


def test_buckets_of_an_index_are_those_of_the_texts(tmp_path):
    file = indexed(tmp_path)
    write_index_buckets(IndexBucketTask(file, CONFIG, str(tmp_path / "index.npy")))
    kept = write_corpus(tmp_path / "kept", [TEXTS[i] for i in (0, 4, 5)])
    write_buckets(BucketTask(kept.shards[0], (), CONFIG, str(tmp_path / "texts.npy")))
    from_index, from_texts = np.load(tmp_path / "index.npy"), np.load(tmp_path / "texts.npy")
    assert from_index[0].tolist() == from_texts[0].tolist()
    assert from_index[1].tolist() == (from_texts[1] + np.uint64(100)).tolist()


def test_shingle_sets_of_an_index_come_for_nominated_documents_only(tmp_path):
    file = indexed(tmp_path)
    np.save(tmp_path / "nominated.npy", np.array([3, 100, 102, 103]))
    path = str(tmp_path / "sets.arrow")
    assert write_index_shingles(IndexShingleTask(file, str(tmp_path / "nominated.npy"), path)) == {"documents": 2}
    table = pa.ipc.open_file(path).read_all()
    assert table.column("ordinal").to_pylist() == [100, 102]
    assert table.column("shingles").to_pylist() == [sorted(set(oracle.shingles(TEXTS[i], 2))) for i in (0, 5)]
