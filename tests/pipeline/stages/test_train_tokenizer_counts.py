"""Count files hold every word once per table, in the partition of its hash; merged they are a Counter's counts."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from pipeline.config import TrainTokenizerConfig
from pipeline.stages.train_tokenizer_counts import (
    MAX_PARTITIONS,
    PARTITION_BYTES,
    CountShard,
    MergePartition,
    count_shard,
    merge_partition,
    num_partitions,
    read_words,
    warm,
)
from tests.oracles.pretokens import pieces, splitter
from tests.pipeline.stages.pack_cases import commit, document, plain_documents


def words_of(path, partition=0) -> dict[bytes, int]:
    word_A, offsets_W1, counts_W = read_words(str(path), partition)
    data = word_A.tobytes()
    return {data[offsets_W1[w] : offsets_W1[w + 1]]: int(counts_W[w]) for w in range(counts_W.size)}


@pytest.mark.parametrize(("partitions", "table_bytes"), [(1, 1 << 30), (7, 1 << 30), (7, 1), (1, 1)])
def test_partitions_add_up_to_all_words(tmp_path, partitions, table_bytes):
    rows = plain_documents(2500)
    documents = commit(tmp_path / "in", rows, (900,))
    paths = []
    for i, shard in enumerate(documents.shards):
        stem = str(tmp_path / f"{i}")
        result = count_shard(CountShard(shard, (), TrainTokenizerConfig(), partitions, stem, table_bytes))
        assert (result["files"] > 1) == (table_bytes == 1)
        paths += [f"{stem}.{n}.arrow" for n in range(result["files"])]
    found: Counter[bytes] = Counter()
    for partition in range(partitions):
        path = tmp_path / f"merged{partition}"
        result = merge_partition(MergePartition(tuple(paths), partition, str(path)))
        words = words_of(path)
        assert result == {"words": len(words)}
        assert not found.keys() & words.keys()
        assert words
        found.update(words)
    assert found == Counter(piece.encode() for row in rows for piece in pieces(row["text"], splitter("gpt4")))


def test_documents_that_count_nothing_leave_no_words(tmp_path):
    documents = commit(tmp_path / "in", [document(0, "ab", source="x"), document(1, "cd", source="y")])
    config = TrainTokenizerConfig(source_weights={"x": 0, "y": "3/2"})
    result = count_shard(CountShard(documents.shards[0], (), config, 1, str(tmp_path / "words")))
    assert result == {
        "documents": 2,
        "bytes": 4,
        "files": 1,
        "weighted": {"source_weights.x": 1, "source_weights.y": 1},
    }
    assert words_of(tmp_path / "words.0.arrow") == {b"cd": 3}


def test_a_shard_without_documents_leaves_an_empty_file(tmp_path):
    documents = commit(tmp_path / "in", [])
    count_shard(CountShard(documents.shards[0], (), TrainTokenizerConfig(), 3, str(tmp_path / "words")))
    assert all(words_of(tmp_path / "words.0.arrow", i) == {} for i in range(3))


def test_bytes_that_are_no_text_are_words_too(tmp_path):
    """Words are cut inside of characters by no pattern, but the files would not mind."""
    counts = {b"\xff\x00": 2**40}
    schema = pa.schema([pa.field("word", pa.large_binary(), False), pa.field("count", pa.int64(), False)])
    with pa.ipc.new_file(str(tmp_path / "a"), schema) as writer:
        writer.write_table(pa.table([list(counts), list(counts.values())], schema=schema))
    merge_partition(MergePartition((str(tmp_path / "a"),) * 3, 0, str(tmp_path / "b")))
    assert words_of(tmp_path / "b") == {b"\xff\x00": 3 * 2**40}
    assert read_words(str(tmp_path / "b"))[1].dtype == np.int64


def test_the_number_of_partitions_follows_from_the_size_of_the_input():
    assert [num_partitions(size) for size in (0, PARTITION_BYTES, 10**18)] == [1, 2, MAX_PARTITIONS]


@pytest.mark.parametrize("algorithm", ["bpe", "sentencepiece_bpe"])
def test_what_is_compiled_before_is_what_counting_needs(tmp_path, algorithm):
    from tokenizer.pretoken_counts_kernels import count_words, partitions_of_words

    config = TrainTokenizerConfig(algorithm=algorithm)
    warm(config)
    compiled = [len(kernel.signatures) for kernel in (count_words, partitions_of_words)]
    shard = commit(tmp_path / "in", plain_documents()).shards[0]
    count_shard(CountShard(shard, (), config, 2, str(tmp_path / "words")))
    assert [len(kernel.signatures) for kernel in (count_words, partitions_of_words)] == compiled
