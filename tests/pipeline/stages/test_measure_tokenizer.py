"""The figures of a tokenizer are those of the library on the same documents, however these are stored."""

import hashlib
import json

import numpy as np
import pyarrow as pa
import pytest

from pipeline.errors import UserError
from pipeline.io.dataset import Documents, write_verdicts
from pipeline.stages import measure_tokenizer
from pipeline.stages.measure_tokenizer import measure_tokenizer_job
from tests.oracles.library_bpe import train_bpe
from tests.oracles.words import words
from tests.pipeline.stages.pack_cases import InProcess, commit, document, plain_documents, tokenizer_dir
from tests.tokenizer.corpus import texts

LANGS = ("en", "de", None)


def rows():
    found = plain_documents(30) + [
        document(30 + i, "Stra\u00dfe \u65e5\u672c\u8a9e \U0001f600 " * (1 + i)) for i in range(6)
    ]
    for i, row in enumerate(found):
        row |= {"doc_id": hashlib.md5(b"%d" % i).hexdigest(), "lang": LANGS[i % 3], "source": f"part-{i % 4}.jsonl"}
    return found


def measured(folder, documents, compare=(), **trained):
    return measure_tokenizer_job(
        InProcess(),
        documents,
        trained={"documents": 36, "bytes": 10_000, **trained},
        tokenizer_dir=tokenizer_dir(folder / "tokenizer"),
        compare=compare,
        work_dir=str(folder / "work"),
        key="key",
    )


@pytest.fixture
def other(tmp_path):
    tokenizer = train_bpe(texts(), vocab_size=280, pretokenizer="gpt2", special_tokens=("<|endoftext|>",))
    (tmp_path / "other").mkdir()
    tokenizer.save(str(tmp_path / "other" / "tokenizer.json"))
    return str(tmp_path / "other")


def counted(tokenizer, some):
    tokenizer.encode_special_tokens = True  # what a text says is text
    return sum(len(tokenizer.encode(row["text"], add_special_tokens=False).ids) for row in some)


def test_counts_are_those_of_the_library(tmp_path, other):
    from tokenizers import Tokenizer

    found = measured(tmp_path, commit(tmp_path / "in", rows(), (7,)), (other, f"{other}/tokenizer.json"))
    ours = Tokenizer.from_file(str(tmp_path / "tokenizer" / "tokenizer.json"))
    theirs = Tokenizer.from_file(f"{other}/tokenizer.json")
    assert [one["path"] for one in found["tokenizers"]] == ["", other, f"{other}/tokenizer.json"]
    assert [one["vocab_size"] for one in found["tokenizers"]] == [ours.get_vocab_size(), 280, 280]
    by_name = {one["name"]: one for one in found["languages"]}
    assert set(by_name) == set(LANGS)
    for lang, one in by_name.items():
        some = [row for row in rows() if row.get("lang") == lang]
        assert one["documents"] == len(some)
        assert one["bytes"] == sum(len(row["text"].encode()) for row in some)
        assert one["words"] == sum(len(words(row["text"])) for row in some)
        assert one["tokens"] == [counted(ours, some), *2 * [counted(theirs, some)]]
    (source,) = found["sources"]
    assert (source["name"], source["documents"]) == ("part-#.jsonl", 36)
    assert found["sample"] | {"name": "part-#.jsonl"} == source
    assert found["tokens_by_size"][""][-1] == source["tokens"][0]
    assert set(found["tokens_by_size"]) == {"", "en", "de"}
    assert found["tokens_by_size"]["de"][-1] == by_name["de"]["tokens"][0]
    assert 0 < found["sample"]["fragments"] < source["tokens"][0]


def test_shards_batches_and_places_change_nothing(tmp_path, monkeypatch):
    found = [
        measured(tmp_path / name, commit(tmp_path / name / "in", rows(), cuts))
        for name, cuts in (("a", ()), ("b", (1, 20, 21)))
    ]
    assert found[0] == found[1]
    assert json.loads(json.dumps(found[0])) == found[0]


def test_a_sample_is_taken_of_a_large_corpus_and_long_documents_are_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(measure_tokenizer, "DOCUMENT_CHARS", 50)
    monkeypatch.setattr(measure_tokenizer, "LEAST_DOCUMENTS", 9)
    documents = commit(tmp_path / "in", rows(), (5, 5, 30))
    found = measured(tmp_path, documents, bytes=2**60)
    shares = [int(row["doc_id"][24:], 16) / 2**32 for row in rows()]
    chosen = [row for row, share in zip(rows(), shares, strict=True) if share < 9 / 36]
    assert 0 < len(chosen) < 36
    assert found["sample"]["documents"] == len(chosen)
    assert found["sample"]["bytes"] == sum(len(row["text"][:50].encode()) for row in chosen)


def test_removed_documents_are_not_measured(tmp_path):
    documents = commit(tmp_path / "in", rows())
    write_verdicts(tmp_path / "v", pa.table({"ordinal": np.arange(35), "keeper": [35] * 35, "jaccard": [1.0] * 35}))
    found = measured(tmp_path, Documents(documents.shards, (str(tmp_path / "v"),)))
    assert found["sample"]["documents"] == 1


def test_a_file_that_stands_alone_keeps_the_numbers_of_its_name(tmp_path):
    documents = [row | {"source": name} for row, name in zip(rows(), ["news20.jsonl", "a-1", "a-2"] * 12, strict=True)]
    found = measured(tmp_path, commit(tmp_path / "in", documents))
    assert {one["name"]: one["documents"] for one in found["sources"]} == {"news20.jsonl": 12, "a-#": 24}


def test_documents_without_labels_have_no_table_of_languages(tmp_path):
    found = measured(tmp_path, commit(tmp_path / "in", plain_documents(5)))
    assert found["languages"] == []
    assert list(found["tokens_by_size"]) == [""]


def test_no_documents_give_empty_figures(tmp_path):
    found = measured(tmp_path, Documents(()))
    assert found["sample"]["tokens"] == [0]
    assert found["sources"] == []
    assert set(found["tokens_by_size"][""]) == {0}


def test_a_folder_without_tokenizer_json_has_no_figures(tmp_path):
    task = measure_tokenizer.MeasureTokenizer(Documents(()), str(tmp_path), (), 1.0, None)
    assert measure_tokenizer.measure(task) == {}


@pytest.mark.parametrize("content", [None, "{}", "[]", "", '{"model": {"vocab": {"a": 0}}}'])
def test_what_can_not_be_compared_with_is_named(tmp_path, content):
    path = tmp_path / "x.json"
    if content:
        path.write_text(content)
    with pytest.raises(UserError, match=r"train_tokenizer\.compare: .*x\.json is no tokenizer\.json nor a folder"):
        measure_tokenizer.check_compared([str(path)])
    with pytest.raises(UserError, match=r"train_tokenizer\.compare: .*x\.json is no tokenizer\.json nor a folder"):
        measured(tmp_path, Documents(()), [str(path)])
