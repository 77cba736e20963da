import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer, models, pre_tokenizers

from tests.oracles.library_bpe import GPT4_PATTERN, train_bpe
from tests.oracles.pretokens import kernel_pieces, pieces
from tests.shared_data import shared
from tokenizer.pretokenize_patterns import PATTERNS, pattern_of

BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
GPT2 = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}

# As OpenAI's tiktoken, HF's converter and Karpathy's nanochat spell them, with possessive quantifiers.
O200K_WORDS = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
)
SPELLED = {
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+": "gpt2",
    r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}+| ?[^\s\p{L}\p{N}]++|\s+(?!\S)|\s+": "gpt2",
    GPT4_PATTERN: "cl100k",
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,2}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+": (
        "cl100k-2"
    ),
    GPT4_PATTERN.replace("{1,3}", ""): "cl100k-1",
    O200K_WORDS + r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+": "o200k",
    O200K_WORDS + r"|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n/]*+|\s*[\r\n]+|\s+(?!\S)|\s+": "o200k-1",
}


def split(regex: str, behavior: str = "Isolated", invert: bool = False) -> dict[str, object]:
    return {"type": "Split", "pattern": {"Regex": regex}, "behavior": behavior, "invert": invert}


def sequence(*steps: dict[str, object]) -> dict[str, object]:
    return {"type": "Sequence", "pretokenizers": list(steps)}


def in_library(step: dict[str, object]) -> pre_tokenizers.PreTokenizer:
    """What the library makes of it where it reads a `tokenizer.json`."""
    state = json.loads(Tokenizer(models.BPE()).to_str())
    return Tokenizer.from_str(json.dumps(state | {"pre_tokenizer": step})).pre_tokenizer


@pytest.mark.parametrize(("regex", "name"), SPELLED.items())
@settings(max_examples=60)
@given(text=st.text("'sStLlVe aAB1 2\n\r\t/.é日\u0301😀", max_size=60))
def test_each_spelling_has_its_kernel(regex, name, text):
    for step in (split(regex), split(regex, "Removed", True)):
        assert pattern_of(sequence(step, BYTES)) == name
        assert kernel_pieces([text], name) == [pieces(text, in_library(sequence(step, BYTES)))]


@pytest.mark.parametrize("step", [GPT2, sequence(GPT2), {k: v for k, v in GPT2.items() if k != "use_regex"}])
def test_byte_level_has_the_pattern_of_gpt2(step):
    text = "it's 12 o'clock  \n now"
    assert pattern_of(step) == "gpt2"
    assert kernel_pieces([text], "gpt2") == [pieces(text, in_library(step))]


@pytest.mark.parametrize(("pretokenizer", "name"), [("gpt2", "gpt2"), ("gpt4", "cl100k")])
def test_our_own_tokenizers_are_known(pretokenizer, name):
    trained = train_bpe(["a few words"], vocab_size=256, pretokenizer=pretokenizer, special_tokens=[])
    assert pattern_of(json.loads(trained.to_str())["pre_tokenizer"]) == name


def test_a_real_gpt_neo_file_is_known():
    path = shared("models/gpt-neo-test-tokenizer.json")
    assert pattern_of(json.loads(path.read_text("utf-8"))["pre_tokenizer"]) == "gpt2"


@pytest.mark.parametrize(
    "step",
    [
        None,
        {},
        {"type": "Whitespace"},
        BYTES,
        GPT2 | {"add_prefix_space": True},
        sequence(),
        sequence(split(GPT4_PATTERN), GPT2),
        sequence(split(GPT4_PATTERN), BYTES | {"add_prefix_space": True}),
        sequence(split(GPT4_PATTERN)),
        split(GPT4_PATTERN),
        sequence(split(GPT4_PATTERN, "MergedWithNext"), BYTES),
        sequence(split(GPT4_PATTERN, "Removed"), BYTES),
        sequence({"type": "Split", "pattern": {"String": " "}, "behavior": "Isolated", "invert": False}, BYTES),
        sequence(split(GPT4_PATTERN.replace("{1,3}", "{1,4}")), BYTES),
        sequence(split(GPT4_PATTERN.replace("{1,3}", "{1,3}+")), BYTES),  # any number of threes to this engine
        sequence(split(r"'(?i:[sdmt]|ll|ve|re)|\s++$|\s+"), BYTES),
        sequence({"type": "Digits", "individual_digits": True}, GPT2),
    ],
)
def test_what_no_kernel_equals_is_not_claimed(step):
    assert pattern_of(step) is None


@pytest.mark.parametrize("name", PATTERNS)
def test_each_name_is_found_by_its_own_expression(name):
    found = pattern_of(sequence(split(PATTERNS[name].regex), BYTES))
    assert found is not None
    assert PATTERNS[found] == PATTERNS[name]
    Regex(PATTERNS[name].regex)
