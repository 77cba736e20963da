"""train_tokenizer with a base: what is counted, what comes out, and what is refused before any work."""

import json

import pyarrow as pa
import pytest
from tokenizers import Tokenizer

from pipeline.config import TrainTokenizerConfig
from pipeline.stages.extend_tokenizer import check_extension, word_cut
from pipeline.stages.train_tokenizer import TrainTokenizerError, train_tokenizer_job
from tests.pipeline.stages.pack_cases import InProcess, commit, document, tree
from tests.tokenizer.test_extend import DOMAIN, extend, plain_base, qwen_like, raw
from tokenizer.files import load


@pytest.fixture
def base_dir(tmp_path):
    return saved(tmp_path / "base", plain_base())


def saved(folder, tokenizer):
    folder.mkdir()
    (folder / "tokenizer.json").write_bytes(raw(tokenizer))
    (folder / "tokenizer_config.json").write_text(json.dumps({"eos_token": "<|endoftext|>"}))
    return str(folder)


def train(folder, cuts=(), some=DOMAIN, **settings):
    rows = [document(i, text) for i, text in enumerate(some)]
    return train_tokenizer_job(
        InProcess(),
        commit(folder / "in", rows, cuts),
        TrainTokenizerConfig(**settings),
        special_tokens=("<|endoftext|>", "<|of_the_run|>"),
        out_dir=str(folder / "tokenizer"),
        work_dir=str(folder / "work"),
        key="key",
    )


def test_the_folder_is_the_base_with_merges_of_the_corpus(tmp_path, base_dir):
    result = train(tmp_path / "a", extend=base_dir, add_tokens=30)
    assert (result["base_vocab_size"], result["vocab_size"], result["asked_vocab_size"]) == (320, 350, 350)
    assert (tmp_path / "a" / "tokenizer" / "tokenizer.json").read_bytes() == extend(plain_base())
    assert load(tmp_path / "a" / "tokenizer").token_id("<|of_the_run|>") is None
    train(tmp_path / "b", (3, 4, 30), extend=base_dir, vocab_size=350)
    assert tree(tmp_path / "a" / "tokenizer") == tree(tmp_path / "b" / "tokenizer")


def test_text_is_counted_in_the_form_that_the_base_reads(tmp_path):
    folder = saved(tmp_path / "base", qwen_like())
    cut = word_cut(TrainTokenizerConfig(extend=folder, add_tokens=3))
    assert (cut.pattern, cut.normalizes) == ("cl100k-1", True)
    assert cut.normalized(pa.array(["mill", "cafe\u0301", ""])).to_pylist() == ["mill", "caf\u00e9", ""]
    decomposed = ["mu\u0308hlrad mu\u0308hlrad"] * 9
    train(tmp_path / "a", extend=folder, add_tokens=8, some=decomposed)
    made = Tokenizer.from_file(str(tmp_path / "a" / "tokenizer" / "tokenizer.json"))
    assert len(made.encode(decomposed[0]).ids) == 2


def test_a_size_is_rounded_up(tmp_path, base_dir):
    assert train(tmp_path / "a", extend=base_dir, add_tokens=1, pad_to_multiple_of=16)["vocab_size"] == 336


def test_without_a_base_words_are_cut_as_the_settings_say():
    cut = word_cut(TrainTokenizerConfig(pretokenizer="o200k"))
    assert (cut.pattern, cut.normalizes) == ("o200k", False)


def test_a_vocabulary_no_larger_than_the_base_is_refused(tmp_path, base_dir):
    with pytest.raises(ValueError, match="has 320 ids, vocab_size 320 leaves no room for more; say by how many"):
        check_extension(TrainTokenizerConfig(extend=base_dir, vocab_size=320), ())
    with pytest.raises(TrainTokenizerError, match=r"train_tokenizer: extend: .* has 320 ids"):
        train(tmp_path / "a", extend=base_dir, vocab_size=300)


def test_a_base_that_is_none_is_named(tmp_path):
    with pytest.raises(TrainTokenizerError, match=r"extend: no tokenizer\.json in .*name the folder"):
        train(tmp_path / "a", extend=str(tmp_path), add_tokens=1)
    (tmp_path / "tokenizer.json").write_text(json.dumps({"model": {"type": "WordPiece", "vocab": {}}}))
    with pytest.raises(TrainTokenizerError, match="only byte-level BPE can be extended, and its model is WordPiece"):
        train(tmp_path / "b", extend=str(tmp_path), add_tokens=1)
