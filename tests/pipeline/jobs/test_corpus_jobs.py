import json
import re

import pytest

from pipeline.config import FormatConfig, PackConfig, TrainTokenizerConfig
from pipeline.errors import UserError
from pipeline.jobs.corpus_jobs import PackJob, TokenizerJob, recipe_fingerprint
from pipeline.recipe import parse_recipe
from tests.tokenizer.test_extend import plain_base, raw


def test_the_recipes_fingerprint_knows_no_place_and_no_speed():
    asked = {"run_dir": "x", "input": [{"format": "jsonl", "paths": ["a"]}, {"format": "text", "paths": ["b"]}]}
    same = asked | {"run_dir": "y", "engine": {"workers": 3}, "input": asked["input"][::-1]}
    other = asked | {"seed": 1}
    prints = [recipe_fingerprint(parse_recipe(r)) for r in (asked, same, other)]
    assert prints[0] == prints[1] != prints[2]


def test_a_tokenizer_depends_on_what_it_extends_and_is_compared_with(tmp_path):
    for name in ("base", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tokenizer.json").write_bytes(raw(plain_base()))
    config = TrainTokenizerConfig(
        extend=str(tmp_path / "base"), add_tokens=5, compare=(str(tmp_path / "other" / "tokenizer.json"),)
    )
    found = [TokenizerJob("01-train_tokenizer", config, has_chat=False).settings]
    for path, content in (("base/tokenizer_config.json", b"{}"), ("other/tokenizer.json", raw(plain_base("o200k")))):
        (tmp_path / path).write_bytes(content)
        found.append(TokenizerJob("01-train_tokenizer", config, has_chat=False).settings)
    assert found[0] != found[1] != found[2]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"vocab_size": 257}, "vocab_size 257 leaves no room for 2 special tokens and 256 bytes; use at least 258"),
        (
            {"vocab_size": 300, "reserved_tokens": 50},
            "vocab_size 300 leaves no room for 52 special tokens and 256 bytes; use at least 308",
        ),
        ({"special_tokens": ("e",)}, "special token 'e' is a byte of the vocabulary; spell it as text is not"),
        (
            {"algorithm": "sentencepiece_bpe", "vocab_size": 258},
            "vocab_size 258 leaves no room for 3 special tokens and 256 bytes; use at least 259",
        ),
        (
            {"algorithm": "sentencepiece_unigram", "special_tokens": ("<0x41>",)},
            "special token '<0x41>' is a byte of SentencePiece's vocabulary",
        ),
        ({"algorithm": "sentencepiece_bpe", "special_tokens": ("<unk>",)}, "special tokens must differ, got <unk>"),
    ],
)
def test_a_vocabulary_that_can_not_be_is_told_before_any_work(settings, told):
    with pytest.raises(UserError, match=re.escape(f"train_tokenizer: {told}")):
        TokenizerJob("01-train_tokenizer", TrainTokenizerConfig(**settings), has_chat=False)


def test_an_extended_tokenizer_needs_the_tokens_of_chats_where_there_are_some(tmp_path):
    (tmp_path / "tokenizer.json").write_bytes(raw(plain_base()))
    config = TrainTokenizerConfig(extend=str(tmp_path), add_tokens=5)
    TokenizerJob("01-train_tokenizer", config, has_chat=False)
    with pytest.raises(UserError, match=r"no <\|im_start\|> and no <\|im_end\|>, which the format stage needs"):
        TokenizerJob("01-train_tokenizer", config, has_chat=True)


def test_a_tokenizer_that_can_not_be_compared_with_is_told_before_any_work(tmp_path):
    (tmp_path / "tokenizer.json").write_text("{not json")
    with pytest.raises(UserError, match=r"train_tokenizer\.compare: .* is no tokenizer\.json"):
        TokenizerJob("01-train_tokenizer", TrainTokenizerConfig(compare=(str(tmp_path),)), has_chat=False)


def test_a_tokenizer_that_can_not_pack_is_told_before_any_work(tmp_path):
    config = PackConfig(tokenizer=str(tmp_path))
    (tmp_path / "tokenizer.json").write_text("{not json")
    with pytest.raises(UserError, match=r"pack \(packed\): .*: its tokenizer\.json is none that"):
        PackJob("01-pack", config, None)
    (tmp_path / "tokenizer.json").write_bytes(raw(plain_base()))
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"eos_token": "<|endoftext|>"}))
    assert PackJob("01-pack", config, None).owns == ("packed",)
    with pytest.raises(UserError, match=r"pack \(packed\): .*<\|im_start\|>"):
        PackJob("01-pack", config, FormatConfig())
