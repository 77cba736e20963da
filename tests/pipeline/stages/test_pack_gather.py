"""Rows of one output shard come from wherever their documents were encoded."""

import pytest
from numpy import array, concatenate

from pipeline.io.packed import Manifest, PackedRows, PackedShard, write_split_index
from pipeline.stages import pack_gather
from pipeline.stages.pack_encode import EncodedShard, EncodeShard, encode_shard
from pipeline.stages.pack_gather import GatherShard, gather_shard
from pipeline.stages.pack_plan import SplitPlan
from tests.pipeline.stages.pack_cases import commit, plain_documents, tokenizer_dir

MANIFEST = Manifest(context_len=16, vocab_size=340, eos_id=0, tokenizer="feed")


@pytest.fixture
def encoded(tmp_path):
    """Three encoded shards of 2, 0 and 3 documents: (stem, first document) of each, and all documents' tokens."""
    tokenizer = tokenizer_dir(tmp_path / "tokenizer")
    stems, tokens = [], []
    for i, shard in enumerate(commit(tmp_path / "in", plain_documents(5), (2, 2)).shards):
        stems.append((str(tmp_path / f"e{i}"), len(tokens)))
        encode_shard(EncodeShard(shard, (), tokenizer, None, None, 0, stems[-1][0]))
        opened = EncodedShard.open(stems[-1][0])
        tokens += [opened.signed_T[a : a + n] for a, n in zip(opened.start_D, opened.tokens_D, strict=True)]
    return tuple(stems), tokens


def test_rows_by_hand(tmp_path, encoded, monkeypatch):
    monkeypatch.setattr(pack_gather, "BATCH_TOKENS", 2 * 16)
    stems, tokens = encoded
    plan = SplitPlan(array([4, 0, 2, 1, 3]), array([1, 0, 2, 0, 0]), array([3, 5, 4, 1, 6]), array([0, 1, 3, 4, 5]))
    plan.save(str(tmp_path / "plan"))
    path = str(tmp_path / "train" / "data-00000-of-00001.arrow")
    job = GatherShard(str(tmp_path / "plan"), stems, 1, 4, path, MANIFEST, "full", True)
    result = gather_shard(job)
    assert {n: result[n] for n in ("rows", "pieces", "tokens", "trained_tokens")} == {
        "rows": 3,
        "pieces": 4,
        "tokens": 16,
        "trained_tokens": 12,
    }
    write_split_index(tmp_path / "train", [PackedShard(**result["shard"])], split="train")
    rows = PackedRows(tmp_path / "train")
    assert rows.row(0).input_ids.tolist() == concatenate([tokens[0][:5], tokens[2][2:6]]).tolist()
    assert rows.row(1).input_ids.tolist() == tokens[1][:1].tolist()
    assert rows.row(2).labels.tolist() == [-100, *tokens[3][1:6].tolist()]
