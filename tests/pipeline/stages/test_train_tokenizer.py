"""The tokenizer job reads what the verdicts leave, and its folder depends on the texts alone."""

import re

import pyarrow as pa
import pytest
from transformers import AutoTokenizer

from pipeline.config import TrainTokenizerConfig
from pipeline.io.dataset import Documents, write_verdicts
from pipeline.stages import train_tokenizer, train_tokenizer_counts
from pipeline.stages.train_tokenizer import TrainTokenizerError, train_tokenizer_job
from tests.oracles.library_bpe import train_bpe
from tests.oracles.pretokens import pieces, splitter
from tests.pipeline.stages.pack_cases import SPECIALS, InProcess, commit, document, plain_documents, tree
from tokenizer.files import file_contents, load


def train(folder, documents, vocab_size=320, specials=SPECIALS, **settings):
    """Run the job into `folder`/tokenizer."""
    return train_tokenizer_job(
        InProcess(),
        documents,
        TrainTokenizerConfig(vocab_size=vocab_size, **settings),
        special_tokens=specials,
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
        "distinct_words": len({word for row in rows for word in pieces(row["text"], splitter("gpt4"))}),
        "weighted_documents": {},
        "warnings": [],
        "left_out": dict.fromkeys(("words", "occurrences", "bytes", "byte_fraction", "pairs"), 0)
        | {"min_count": 1, "weight_units": 1},
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


@pytest.mark.parametrize("max_digits", [1, 2, 3])
@pytest.mark.parametrize("pretokenizer", ["gpt4", "o200k", "qwen2"])
def test_numbers_are_cut_after_so_many_digits(tmp_path, pretokenizer, max_digits):
    documents = commit(tmp_path / "in", [document(0, "7777 " * 50)])
    train(tmp_path, documents, pretokenizer=pretokenizer, max_digits=max_digits)
    encoder = load(tmp_path / "tokenizer")
    assert [encoder.token_id("7" * n) is not None for n in (1, 2, 3, 4)] == [n <= max_digits for n in (1, 2, 3, 4)]


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


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([], "no document is left to learn from; see in the report what dropped them"),
        ([document(0, "")], "1 documents hold no text to learn from; give it some"),
    ],
)
def test_no_text_at_all_is_an_error(tmp_path, rows, told):
    with pytest.raises(TrainTokenizerError, match=f"train_tokenizer: {told}"):
        train(tmp_path, commit(tmp_path / "in", rows))


def test_a_corpus_of_one_character_gives_the_bytes(tmp_path):
    assert train(tmp_path, commit(tmp_path / "in", [document(0, "a")]))["vocab_size"] == 260
    assert load(tmp_path / "tokenizer").encode(["a"]).ids_T.size == 1


@pytest.mark.parametrize(
    ("special", "told"),
    [("ab", "'ab' is spelled as a token that was learned from the text; spell it as text is not, such as '<|ab|>'")],
)
def test_what_only_the_words_show_to_be_wrong_is_told_by_the_job(tmp_path, special, told):
    documents = commit(tmp_path / "in", [document(0, "ab ab ab")])
    with pytest.raises(TrainTokenizerError, match=re.escape(f"train_tokenizer: special token {told}")):
        train(tmp_path, documents, specials=(*SPECIALS, special))
    assert not (tmp_path / "tokenizer").exists()


def test_what_sentencepiece_refuses_is_told_by_the_job(tmp_path):
    documents = commit(tmp_path / "in", [document(0, "some text")])
    settings = {"algorithm": "sentencepiece_bpe", "vocab_size": 262, "character_coverage": 1.0}
    with pytest.raises(
        TrainTokenizerError, match="SentencePiece refuses to train 262 pieces: Vocabulary size is small"
    ):
        train(tmp_path, documents, **settings)


def test_words_that_sentencepiece_does_not_take_are_warned_of(tmp_path):
    documents = commit(tmp_path / "in", [document(0, "some text of some words"), document(1, "x" * 5000)])
    warnings = train(tmp_path, documents, algorithm="sentencepiece_bpe", vocab_size=400)["warnings"]
    assert "train_tokenizer: 1 distinct words of more than 4,192 bytes were left out" in warnings[-1]


def test_tables_that_are_full_and_partitions_do_not_matter(tmp_path, monkeypatch):
    documents = commit(tmp_path / "in", plain_documents(), (20, 40))
    one = train(tmp_path / "a", documents)
    monkeypatch.setattr(train_tokenizer_counts, "PARTITION_BYTES", 4096)
    monkeypatch.setattr(train_tokenizer.CountShard, "__init__", partial_init(train_tokenizer.CountShard))
    assert train(tmp_path / "b", documents) == one
    assert tree(tmp_path / "a" / "tokenizer") == tree(tmp_path / "b" / "tokenizer")
    files = sorted(path.name for path in (tmp_path / "b" / "work" / "words").iterdir())
    assert len(files) > 3  # a table was full before its shard was at its end
    assert len(list((tmp_path / "b" / "work" / "merged").iterdir())) > 1


def partial_init(task):
    """Tables that are full at once."""
    init = task.__init__
    return lambda self, *given: init(self, *given, table_bytes=1)


def test_weights_count_as_so_many_copies(tmp_path):
    rows = [
        document(0, "abab " * 3, source="x/1"),
        document(1, "cdcd " * 4, source="y/1"),
        document(2, "ef", source="z"),
    ]
    weighted = train(
        tmp_path / "a",
        commit(tmp_path / "in", rows),
        source_weights={"x/*": "2/3", "y/*": 0.5, "z": 0, "none": 3},
    )
    copies = [rows[0]] * 4 + [rows[1]] * 3
    train(tmp_path / "b", commit(tmp_path / "copies", copies))
    assert tree(tmp_path / "a" / "tokenizer") == tree(tmp_path / "b" / "tokenizer")
    assert weighted["weighted_documents"] == {
        "source_weights.none": 0,
        "source_weights.x/*": 1,
        "source_weights.y/*": 1,
        "source_weights.z": 1,
    }
    assert weighted["documents"] == 3
    unmatched, fewer = weighted["warnings"]
    assert unmatched.startswith("train_tokenizer: source_weights.none is given to no document; a source is NAME/FILE")
    assert fewer == "train_tokenizer: there was text for 266 tokens, not for 320; give it more, or ask for fewer"
    with pytest.raises(TrainTokenizerError, match=r"3 documents hold no text .* whose words count; raise a weight"):
        train(tmp_path / "c", commit(tmp_path / "in", rows), source_weights={"*": 0})


def test_a_tail_is_cut_after_all_shards_are_added_up(tmp_path):
    rows = [document(0, "ab cd"), document(1, "ab ef gh")]
    result = train(tmp_path, commit(tmp_path / "in", rows, (1,)), min_word_count=2)
    assert load(tmp_path / "tokenizer").token_id("ab") is not None
    assert load(tmp_path / "tokenizer").token_id("cd") is None
    assert result["left_out"] == {
        "words": 3,
        "occurrences": 3,
        "bytes": 9,
        "byte_fraction": 9 / 13,
        "pairs": 6,
        "min_count": 2,
        "weight_units": 1,
    }


def test_a_vocabulary_is_a_multiple_where_that_is_asked_for(tmp_path):
    rich = commit(tmp_path / "in", plain_documents())
    assert train(tmp_path / "a", rich, vocab_size=300, pad_to_multiple_of=64)["vocab_size"] == 320
    assert load(tmp_path / "a" / "tokenizer").token_id("<|reserved_0|>") is None
    poor = commit(tmp_path / "poor", [document(0, "ab")])
    assert train(tmp_path / "b", poor, vocab_size=300, pad_to_multiple_of=64)["vocab_size"] == 320
    encoder = load(tmp_path / "b" / "tokenizer")
    assert [encoder.token_id(f"<|reserved_{i}|>") for i in (0, 58, 59)] == [261, 319, None]
