"""Packing as a whole: rows that can be traced, bytes that depend on the documents alone, sums that add up."""

import json
import shutil
from collections import defaultdict

import numpy as np
import pyarrow as pa
import pytest
from datasets import load_from_disk

from pipeline.config import EngineConfig, FormatConfig
from pipeline.errors import RunFailedError
from pipeline.io.dataset import Documents, write_verdicts
from pipeline.io.packed import PackedRows
from pipeline.stages import pack as pack_module
from pipeline.stages import pack_gather
from pipeline.stages.engine import Engine
from pipeline.stages.pack import PackError
from tests.pipeline.stages.pack_cases import (
    EOS,
    IM_END,
    SPECIALS,
    InProcess,
    commit,
    document,
    pack,
    plain_documents,
    tokenizer_dir,
    tree,
)
from tokenizer.encode import Encoder
from tokenizer.files import load

CHATML = FormatConfig()
TALK = [("system", "be brief"), ("user", "what is a mill?"), ("assistant", "the mill grinds corn into flour;")]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    """The folder of a small tokenizer."""
    return tokenizer_dir(tmp_path_factory.mktemp("tokenizer"))


def pieces_by_document(split_dir):
    """doc_id -> {offset: (input_ids, labels)} of every piece of a split, read through `datasets`."""
    found = defaultdict(dict)
    for row in load_from_disk(str(split_dir)).with_format("numpy"):
        ends = np.cumsum(row["seq_lengths"])
        assert row["position_ids"].tolist() == [i for n in row["seq_lengths"] for i in range(n)]
        for doc_id, offset, end, n in zip(row["doc_ids"], row["offsets"], ends, row["seq_lengths"], strict=True):
            assert offset not in found[doc_id]
            found[doc_id][int(offset)] = (row["input_ids"][end - n : end], row["labels"][end - n : end])
    return found


def test_every_piece_is_traced_to_its_document(tmp_path, tokenizer):
    rows = plain_documents()
    pack(tmp_path, commit(tmp_path / "in", rows, (20, 21)), tokenizer)
    encoder = load(tokenizer)
    splits = {name: pieces_by_document(tmp_path / "packed" / name) for name in ("train", "validation")}
    assert not set(splits["train"]) & set(splits["validation"])
    found = splits["train"] | splits["validation"]
    assert set(found) == {row["doc_id"] for row in rows}
    assert max(map(len, found.values())) > 3
    for row in rows:
        tokens = [*encoder.encode([row["text"]]).ids_T.tolist(), EOS]
        assert sorted(found[row["doc_id"]]) == list(range(0, len(tokens), 64))
        for offset, (ids, labels) in found[row["doc_id"]].items():
            assert ids.tolist() == tokens[offset : offset + 64]
            assert labels.tolist() == [-100, *ids[1:].tolist()]


def test_counts_add_up(tmp_path, tokenizer):
    rows = plain_documents()
    result = pack(tmp_path, commit(tmp_path / "in", rows, (30,)), tokenizer)
    encoder = load(tokenizer)
    lengths = np.array([encoder.encode([row["text"]]).ids_T.size + 1 for row in rows])
    assert result["documents"] == 60
    assert result["bytes"] == sum(len(row["text"].encode()) for row in rows)
    assert result["tokens"] == lengths.sum()
    assert result["pieces"] == np.ceil(lengths / 64).sum()
    assert result["trained_tokens"] == result["tokens"] - result["pieces"]
    assert (result["dropped"], result["empty_splits"]) == ({}, [])
    assert result["splits"]["validation"]["documents"] == 6
    for name, split in result["splits"].items():
        packed = PackedRows(tmp_path / "packed" / name)
        assert (len(packed), packed.num_tokens) == (split["rows"], split["tokens"])
        assert split["lower_bound_rows"] <= split["rows"]
        assert split["fill_fraction"] == split["tokens"] / (64 * split["rows"])
        assert all(packed.row(i).input_ids.size <= 64 for i in range(len(packed)))


def test_the_folder_opens_whole_and_says_what_it_is(tmp_path, tokenizer):
    result = pack(tmp_path, commit(tmp_path / "in", plain_documents()), tokenizer)
    splits = load_from_disk(str(tmp_path / "packed"))
    assert {name: split.num_rows for name, split in splits.items()} == {
        name: split["rows"] for name, split in result["splits"].items()
    }
    manifest = json.loads((tmp_path / "packed" / "manifest.json").read_text())
    of_shards = PackedRows(tmp_path / "packed" / "train").manifest
    assert (of_shards.tokenizer, of_shards.vocab_size) == (load(tokenizer).fingerprint, 340)
    assert (of_shards.context_len, of_shards.eos_id, of_shards.recipe, of_shards.template) == (64, EOS, "cafe", None)
    assert {name: manifest[name] for name in ("tokenizer", "recipe", "tokens")} == {
        "tokenizer": of_shards.tokenizer,
        "recipe": "cafe",
        "tokens": result["tokens"],
    }


def test_shard_borders_and_order_of_work_do_not_matter(tmp_path, tokenizer):
    rows = plain_documents()
    pack(tmp_path / "a", commit(tmp_path / "a" / "in", rows), tokenizer)
    pack(tmp_path / "b", commit(tmp_path / "b" / "in", rows, (1, 17, 40, 41)), tokenizer)
    assert len(tree(tmp_path / "a" / "packed")) == 8
    assert tree(tmp_path / "a" / "packed") == tree(tmp_path / "b" / "packed")


def test_neither_where_nor_how_often_is_in_the_bytes(tmp_path, tokenizer):
    documents = commit(tmp_path / "in", plain_documents(20))
    pack(tmp_path, documents, tokenizer)
    before = tree(tmp_path / "packed")
    pack(tmp_path, documents, tokenizer)
    assert tree(tmp_path / "packed") == before
    assert not [name for name, content in before.items() if str(tmp_path).encode() in content]


def test_the_seed_deals_anew(tmp_path, tokenizer):
    documents = commit(tmp_path / "in", plain_documents())
    results = [pack(tmp_path / str(seed), documents, tokenizer, seed=seed) for seed in (0, 1)]
    held_out = [set(pieces_by_document(tmp_path / str(seed) / "packed" / "validation")) for seed in (0, 1)]
    assert held_out[0] != held_out[1]
    assert results[0]["tokens"] == results[1]["tokens"]


def test_rows_are_the_same_however_many_shards_and_batches_hold_them(tmp_path, tokenizer, monkeypatch):
    documents = commit(tmp_path / "in", plain_documents())
    pack(tmp_path / "one", documents, tokenizer)
    monkeypatch.setattr(pack_module, "SHARD_BYTES", 5 * 4 * 64)
    monkeypatch.setattr(pack_gather, "BATCH_TOKENS", 2 * 64)
    result = pack(tmp_path / "many", documents, tokenizer)
    for name in ("train", "validation"):
        one, many = (load_from_disk(str(tmp_path / n / "packed" / name)) for n in ("one", "many"))
        assert one.to_list() == many.to_list()
        files = sorted(p.name for p in (tmp_path / "many" / "packed" / name).glob("*.arrow"))
        assert len(files) == result["splits"][name]["shards"] == -(-result["splits"][name]["rows"] // 5)
    assert result["splits"]["train"]["shards"] > 3


def test_documents_that_a_verdict_removes_are_not_packed(tmp_path, tokenizer):
    rows = plain_documents(20)
    verdicts = tmp_path / "verdicts.arrow"
    removed = pa.table({"ordinal": [3, 11], "keeper": [0, 0], "jaccard": [1.0, 1.0]})
    write_verdicts(verdicts, removed)
    documents = commit(tmp_path / "in", rows, (7,))
    result = pack(tmp_path, Documents(documents.shards, (str(verdicts),)), tokenizer, validation_fraction=0.0)
    found = pieces_by_document(tmp_path / "packed" / "train")
    assert set(found) == {row["doc_id"] for i, row in enumerate(rows) if i not in (3, 11)}
    assert result["documents"] == 18


def test_conversations_are_trained_where_asked(tmp_path, tokenizer):
    rows = [
        document(0, "x", messages=TALK),
        document(1, "the mill"),
        document(2, "x", messages=[*TALK, ("user", "why?", True), ("assistant", "water<|im_end|>", False)]),
    ]
    result = pack(
        tmp_path, commit(tmp_path / "in", rows), tokenizer, format=CHATML, validation_fraction=0.0, context_len=256
    )
    found = pieces_by_document(tmp_path / "packed" / "train")
    encoder = load(tokenizer)

    def said(number):
        """The trained text of a document."""
        return encoder.decode(
            np.concatenate([labels[labels != -100] for _, labels in found[f"{number:032x}"].values()])
        )

    assert said(0) == "the mill grinds corn into flour;<|im_end|>"
    assert said(1) == " mill<|endoftext|>"
    assert said(2) == "the mill grinds corn into flour;<|im_end|>why?<|im_end|>"
    assert sum((ids == IM_END).sum() for ids, _ in found[f"{2:032x}"].values()) == 5
    assert result["trained_tokens"] == sum((labels != -100).sum() for d in found.values() for _, labels in d.values())
    assert PackedRows(tmp_path / "packed" / "train").manifest.template is not None


def test_what_is_left_out_is_counted_by_reason(tmp_path, tokenizer):
    rows = [
        document(0, "the mill"),
        document(1, ""),
        document(2, "x", messages=TALK[:2]),
        document(3, "x", messages=[]),
        document(4, "x", messages=[("user", "a"), ("assistant", None)]),
        document(5, "x", messages=[("narrator", "a"), ("assistant", "b")]),
        document(6, "the mill", source="other/news.jsonl"),
    ]
    result = pack(tmp_path, commit(tmp_path / "in", rows), tokenizer, format=CHATML, sources=("mill*", "none"))
    assert result["dropped"] == {"incomplete_message": 2, "no_trained_tokens": 3, "other_source": 1}
    assert set(pieces_by_document(tmp_path / "packed" / "train")) == {rows[0]["doc_id"]}
    assert result["empty_splits"] == ["validation"]
    assert list(load_from_disk(str(tmp_path / "packed"))) == ["train"]


@pytest.mark.parametrize("format", [None, CHATML])
def test_lean_rows_give_the_same_labels(tmp_path, tokenizer, format):
    rows = plain_documents(20) + ([document(99, "x", messages=TALK)] if format else [])
    documents = commit(tmp_path / "in", rows)
    for columns in ("full", "lean"):
        pack(tmp_path / columns, documents, tokenizer, columns=columns, format=format, validation_fraction=0.2)
    full, lean = (PackedRows(tmp_path / columns / "packed" / "train") for columns in ("full", "lean"))
    assert len(full) == len(lean)
    for i in range(len(full)):
        for a, b in zip(full.row(i), lean.row(i), strict=True):
            np.testing.assert_array_equal(a, b)
    names = [set(load_from_disk(str(tmp_path / "lean" / "packed"))[s].column_names) for s in ("train", "validation")]
    assert names[0] == names[1]
    assert names[0] & {"labels", "position_ids"} == ({"labels"} if format else set())


def changed_tokenizer(folder, tokenizer, **parts):
    """A copy of the tokenizer's folder with other parts."""
    shutil.copytree(tokenizer, folder)
    path = folder / "tokenizer.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | parts))
    return str(folder)


def test_nothing_is_said_of_the_encoding_where_kernels_did_it(tmp_path, tokenizer):
    rows = [*plain_documents(20), document(99, "x", messages=TALK)]
    result = pack(tmp_path, commit(tmp_path / "in", rows, (9,)), tokenizer, format=CHATML)
    assert result["warnings"] == []


def test_the_library_gives_the_same_bytes_and_is_told_of(tmp_path, tokenizer, monkeypatch):
    documents = commit(tmp_path / "in", [*plain_documents(), document(99, "x", messages=TALK)], (9,))
    pack(tmp_path / "kernels", documents, tokenizer, format=CHATML)
    monkeypatch.setattr(Encoder, "prove", lambda encoder, texts: encoder.use_library("it is tested"))
    result = pack(tmp_path / "library", documents, tokenizer, format=CHATML)
    assert tree(tmp_path / "kernels" / "packed") == tree(tmp_path / "library" / "packed")
    (warning,) = result["warnings"]
    assert warning.startswith("pack (packed): encoded by the tokenizers library")
    assert warning.endswith("it is tested")


def test_a_tokenizer_that_kernels_do_not_cover_is_told_of(tmp_path, tokenizer):
    lower = changed_tokenizer(tmp_path / "lower", tokenizer, normalizer={"type": "Lowercase"})
    result = pack(tmp_path, commit(tmp_path / "in", plain_documents(20)), lower)
    (warning,) = result["warnings"]
    assert "it normalises text (Lowercase)" in warning


def test_documents_that_the_library_encodes_are_counted(tmp_path, tokenizer):
    nfc = changed_tokenizer(tmp_path / "nfc", tokenizer, normalizer={"type": "NFC"})
    rows = [*plain_documents(20), document(77, "cafe\u0301 and mill"), document(78, "x", messages=TALK)]
    result = pack(tmp_path, commit(tmp_path / "in", rows, (5,)), nfc, format=CHATML)
    (warning,) = result["warnings"]
    assert "1 texts were encoded by the tokenizers library" in warning


def test_conversations_without_a_format_are_an_error(tmp_path, tokenizer):
    documents = commit(tmp_path / "in", [document(0, "a"), document(7, "x", messages=TALK)])
    with pytest.raises(PackError, match=r"0007 of mill.jsonl is a conversation.*`format:"):
        pack(tmp_path, documents, tokenizer)
    only_plain = commit(tmp_path / "in", [document(0, "the mill"), document(7, "x", source="talk", messages=TALK)])
    assert pack(tmp_path, only_plain, tokenizer, sources=("mill*",))["dropped"] == {"other_source": 1}


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({}, "no document is left to pack of 1: 1 no_trained_tokens$"),
        ({"sources": ("x*",)}, "no source matches pack.sources"),
    ],
)
def test_nothing_left_is_an_error(tmp_path, tokenizer, settings, match):
    with pytest.raises(PackError, match=match):
        pack(tmp_path, commit(tmp_path / "in", [document(0, "")]), tokenizer, **settings)


def test_a_tokenizer_that_cannot_do_it_is_an_error_before_any_work(tmp_path):
    documents = commit(tmp_path / "in", plain_documents(2))
    without_chat = tokenizer_dir(tmp_path / "plain", SPECIALS[:2])
    with pytest.raises(PackError, match=r"no <\|im_start\|>"):
        pack(tmp_path, documents, without_chat, format=CHATML)
    with pytest.raises(PackError, match=r"holds no tokenizer\.json"):
        pack(tmp_path, documents, str(tmp_path / "nowhere"))
    assert not (tmp_path / "work").exists()


@pytest.mark.parametrize("lost", ["tokens", "documents", "pieces"])
def test_a_sum_that_does_not_add_up_fails_the_job(tmp_path, tokenizer, lost):
    def tamper(result):
        return {**result, lost: result[lost] - 1} if lost in result else result

    with pytest.raises(RunFailedError, match="not what was packed"):
        pack(
            tmp_path, commit(tmp_path / "in", plain_documents(20)), tokenizer, engine=InProcess(tamper), columns="lean"
        )


@pytest.mark.slow
def test_two_worker_processes_write_the_same_bytes(tmp_path, tokenizer):
    documents = commit(tmp_path / "in", plain_documents(), (20, 40))
    pack(tmp_path / "here", documents, tokenizer)
    pack(tmp_path / "there", documents, tokenizer, engine=Engine(EngineConfig(workers=2)))
    assert tree(tmp_path / "here" / "packed") == tree(tmp_path / "there" / "packed")
