"""One shard encoded: files that map, documents in their order, ids and mask in one number."""

import numpy as np
import pytest
import xxhash

from pipeline.config import FormatConfig
from pipeline.stages.pack_encode import EncodedShard, EncodeShard, document_keys, encode_shard
from tests.pipeline.stages.pack_cases import EOS, commit, document, plain_documents, tokenizer_dir
from tokenizer.files import load


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    """The folder of a small tokenizer."""
    return tokenizer_dir(tmp_path_factory.mktemp("tokenizer"))


def encode(folder, rows, tokenizer, *, format=None, sources=None):
    """The result and the opened files of one shard of `rows`."""
    (shard,) = commit(folder / "in", rows).shards
    result = encode_shard(EncodeShard(shard, (), tokenizer, format, sources, 0, str(folder / "out")))
    return result, None if result["unformatted"] else EncodedShard.open(str(folder / "out"))


def documents_of(shard):
    """Signed tokens of every document."""
    return [shard.signed_T[a : a + n].tolist() for a, n in zip(shard.start_D, shard.tokens_D, strict=True)]


def test_plain_documents_end_in_eos(tmp_path, tokenizer):
    rows = plain_documents(600)  # more than two batches
    result, shard = encode(tmp_path, rows, tokenizer)
    encoder = load(tokenizer)
    assert documents_of(shard) == [[*encoder.encode([row["text"]]).ids_T.tolist(), EOS] for row in rows]
    assert shard.doc_ids.to_pylist() == [row["doc_id"] for row in rows]
    assert (result["kept"], result["tokens"], result["untrained_tokens"]) == (600, shard.signed_T.size, 0)


def test_conversations_and_texts_keep_their_order(tmp_path, tokenizer):
    talk = [("user", "why"), ("assistant", "corn")]
    rows = [document(0, "the mill"), document(1, "", messages=talk), document(2, ""), document(3, "water")]
    result, shard = encode(tmp_path, [*rows, document(4, "", messages=talk)], tokenizer, format=FormatConfig())
    assert [int(i, 16) for i in shard.doc_ids.to_pylist()] == [0, 1, 3, 4]
    documents = documents_of(shard)
    assert documents[1] == documents[3]
    encoder = load(tokenizer)
    assert encoder.decode([t for t in documents[1] if t >= 0]) == "corn<|im_end|>"
    assert (
        encoder.decode([~t for t in documents[1] if t < 0])
        == "<|im_start|>user\nwhy<|im_end|>\n<|im_start|>assistant\n\n"
    )
    assert result["dropped"]["no_trained_tokens"] == 1
    assert result["untrained_tokens"] == (shard.signed_T < 0).sum() > 0


def test_an_empty_shard_maps_too(tmp_path, tokenizer):
    result, shard = encode(tmp_path, [document(0, "a", source="x")], tokenizer, sources=("y",))
    assert (result["documents"], result["kept"], result["dropped"]["other_source"]) == (1, 0, 1)
    assert (shard.signed_T.size, shard.key_D.size, len(shard.doc_ids)) == (0, 0, 0)


def test_sources_match_whole_names_by_glob(tmp_path, tokenizer):
    rows = [document(i, "the mill", source=s) for i, s in enumerate(["a/x.json", "b/x.json", "a/X.json", "a/y"])]
    _, shard = encode(tmp_path, rows, tokenizer, sources=("a/*.json", "y"))
    assert [int(i, 16) for i in shard.doc_ids.to_pylist()] == [0, 2]


def test_a_conversation_without_a_format_writes_nothing(tmp_path, tokenizer):
    result, _ = encode(tmp_path, [document(5, "", messages=[("user", "a")])], tokenizer)
    assert result["unformatted"] == f"document {5:032x} of mill.jsonl"
    assert not list(tmp_path.glob("out*"))


def test_keys_are_the_documented_hash():
    want = xxhash.xxh3_64_intdigest(b"ab\x003\x00validation")
    keys = document_keys(["ab", "cd"], 3)
    assert keys.dtype == np.uint64
    assert keys[0] == want
    assert document_keys(["ab"], 4)[0] != want
