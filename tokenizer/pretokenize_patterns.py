"""The split patterns that the kernels know: names, regular expressions, and how to tell them in a `tokenizer.json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

# Families of patterns: a kernel each.
GPT2 = 0
CL100K = 1
O200K = 2

_CONTRACTIONS = "'s|'t|'re|'ve|'m|'ll|'d"
_SPACES = r"\s*[\r\n]+|\s+(?!\S)|\s+"
_UPPER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"
_LOWER = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"


class SplitPattern(NamedTuple):
    """Family of the kernel, numbers that a pretoken may have (0: any), and the regular expression that it equals."""

    family: int
    max_digits: int
    regex: str


def _cl100k(max_digits: int) -> SplitPattern:
    words = rf"(?i:{_CONTRACTIONS})|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+"
    return SplitPattern(CL100K, max_digits, rf"{words}|{_numbers(max_digits)}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{_SPACES}")


def _o200k(max_digits: int) -> SplitPattern:
    words = "|".join(
        rf"[^\r\n\p{{L}}\p{{N}}]?{letters}(?i:{_CONTRACTIONS})?"
        for letters in (f"{_UPPER}*{_LOWER}+", f"{_UPPER}+{_LOWER}*")
    )
    return SplitPattern(O200K, max_digits, rf"{words}|{_numbers(max_digits)}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|{_SPACES}")


def _numbers(max_digits: int) -> str:
    return r"\p{N}" if max_digits == 1 else rf"\p{{N}}{{1,{max_digits}}}"


_GPT2 = SplitPattern(GPT2, 0, _CONTRACTIONS + r"| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")

# As OpenAI's GPT-2 and tiktoken published them, in the form that the `tokenizers` library's engine reads and that
# Llama-3, Qwen2 and Llama-4 ship. A number behind a dash: the most digits of a pretoken, where it is not three.
PATTERNS = {
    "gpt2": _GPT2,
    "cl100k": _cl100k(3),
    "cl100k-2": _cl100k(2),
    "cl100k-1": _cl100k(1),
    "o200k": _o200k(3),
    "o200k-2": _o200k(2),
    "o200k-1": _o200k(1),
    "gpt4": _cl100k(3),
    "llama3": _cl100k(3),
    "qwen2": _cl100k(1),
}

# Other spellings of what matches the same: what is possessive here could give back nothing that helps.
_SPELLINGS = (
    ("'(?i:[sdmt]|ll|ve|re)", f"(?i:{_CONTRACTIONS})"),
    ("'(?:[sdmt]|ll|ve|re)", _CONTRACTIONS),
    ("]?+", "]?"),
    ("]++", "]+"),
    ("]*+", "]*"),
    (r"\p{L}++", r"\p{L}+"),
    (r"\s*[\r\n]|", r"\s*[\r\n]+|"),
)


def pattern_of(pre_tokenizer: Mapping[str, object] | None) -> str | None:
    """The name in PATTERNS of what a `tokenizer.json` has under `pre_tokenizer`, or None where no kernel equals it.

    Known are ByteLevel with its own pattern, and a Split by one of PATTERNS before a ByteLevel without. A blank put
    before the text (`add_prefix_space`) is not. Of names for one pattern it is the first.
    """
    match pre_tokenizer:
        case {"type": "Sequence", "pretokenizers": [{} as only]}:
            return pattern_of(only)
        case {"type": "ByteLevel", "add_prefix_space": False, **more} if more.get("use_regex", True) is True:
            return "gpt2"
        case {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "Split", "pattern": {"Regex": str(regex)}, "behavior": behavior, "invert": invert},
                {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False},
            ],
        } if (behavior, invert) in (("Isolated", False), ("Removed", True)):
            return _name_of(regex)
    return None


def _name_of(regex: str) -> str | None:
    for spelling, plain in _SPELLINGS:
        regex = regex.replace(spelling, plain)
    return next((name for name, pattern in PATTERNS.items() if pattern.regex == regex), None)
