"""The tokenizer job reads what the verdicts leave, and its folder depends on the texts alone."""

import pyarrow as pa
import pytest
from transformers import AutoTokenizer

from pipeline.config import TrainTokenizerConfig
from pipeline.io.dataset import Documents, write_verdicts
from pipeline.stages.train_tokenizer import TrainTokenizerError, train_tokenizer_job
from tests.pipeline.stages.pack_cases import SPECIALS, InProcess, commit, document, plain_documents, tree
from tokenizer.files import file_contents, load
from tokenizer.train import train_bpe


def train(folder, documents, vocab_size=320, **settings):
    """Run the job into `folder`/tokenizer."""
    return train_tokenizer_job(
        InProcess(),
        documents,
        TrainTokenizerConfig(vocab_size=vocab_size, **settings),
        special_tokens=SPECIALS,
        out_dir=str(folder / "tokenizer"),
        work_dir=str(folder / "work"),
        key="key",
    )


def test_the_folder_loads_and_the_counts_are_those_of_the_documents(tmp_path):
    rows = plain_documents()
    result = train(tmp_path, commit(tmp_path / "in", rows, (10,)))
    encoder = load(tmp_path / "tokenizer")
    assert result == {
        "documents": 60,
        "bytes": sum(len(row["text"].encode()) for row in rows),
        "vocab_size": 320,
        "asked_vocab_size": 320,
        "fingerprint": encoder.fingerprint,
    }
    assert (
        AutoTokenizer.from_pretrained(tmp_path / "tokenizer").encode("the mill")
        == encoder.encode(["the mill"]).ids_T.tolist()
    )


@pytest.mark.parametrize("pretokenizer", ["gpt2", "gpt4"])
def test_the_tokenizer_is_the_one_that_the_library_trains(tmp_path, pretokenizer):
    rows = plain_documents()
    train(tmp_path, commit(tmp_path / "in", rows, (10,)), pretokenizer=pretokenizer)
    texts = [row["text"] for row in rows]
    theirs = train_bpe(texts, vocab_size=320, pretokenizer=pretokenizer, special_tokens=SPECIALS)
    assert (tmp_path / "tokenizer" / "tokenizer.json").read_bytes() == file_contents(theirs)["tokenizer.json"]


@pytest.mark.parametrize("pretokenizer", ["o200k", "llama3", "qwen2"])
def test_other_split_patterns_give_tokenizers_that_read_back(tmp_path, pretokenizer):
    text = "It's 12345 words; C'EST vu.\n\n  \u65e5\u672c\u8a9e 3.14 naïveté"
    train(tmp_path, commit(tmp_path / "in", [document(0, text * 20)]), pretokenizer=pretokenizer)
    encoder = load(tmp_path / "tokenizer")
    assert encoder.decode(encoder.encode([text]).ids_T) == text


def test_bounds_on_merges_hold(tmp_path):
    documents = commit(tmp_path / "in", [document(0, "abababab xyxy once")])
    assert train(tmp_path / "a", documents, max_token_bytes=2, min_frequency=2)["vocab_size"] == 260 + 2
    assert load(tmp_path / "a" / "tokenizer").token_id("abab") is None


def test_shard_borders_do_not_matter(tmp_path):
    for name, cuts in (("a", ()), ("b", (1, 30, 31))):
        train(tmp_path / name, commit(tmp_path / name / "in", plain_documents(), cuts))
    assert tree(tmp_path / "a" / "tokenizer") == tree(tmp_path / "b" / "tokenizer")


def test_removed_documents_are_not_learned_from(tmp_path):
    documents = commit(tmp_path / "in", [document(0, "ab" * 50), document(1, "xy" * 50)])
    write_verdicts(tmp_path / "v", pa.table({"ordinal": [1], "keeper": [0], "jaccard": [1.0]}))
    result = train(tmp_path, Documents(documents.shards, (str(tmp_path / "v"),)))
    encoder = load(tmp_path / "tokenizer")
    assert (result["documents"], result["vocab_size"] < 320) == (1, True)
    assert encoder.token_id("ab") is not None
    assert encoder.token_id("xy") is None


def test_a_vocabulary_too_small_for_the_bytes_is_an_error_before_any_work(tmp_path):
    with pytest.raises(TrainTokenizerError, match="use at least 260"):
        train(tmp_path, Documents(()), vocab_size=200)


def test_no_text_at_all_is_an_error(tmp_path):
    with pytest.raises(TrainTokenizerError, match="1 documents hold no text"):
        train(tmp_path, commit(tmp_path / "in", [document(0, "")]))
