"""Ranks: the format, and ids equal to tokenizer.json's under tiktoken's own rule, and under tiktoken itself."""

import base64
import itertools
import json
import os
import subprocess
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models

from tests.oracles.pretokens import buffers, pieces, splitter
from tests.shared_data import shared
from tests.tokenizer.corpus import texts
from tests.tokenizer.test_extend import DOMAIN, extend, llama3_like, plain_base
from tests.tokenizer.test_pretokenize import real_files, texts_of
from tokenizer.bpe_train import train_from_counts
from tokenizer.pretoken_counts import PretokenCounts
from tokenizer.pretokenize_patterns import PATTERNS
from tokenizer.tiktoken_ranks import FILE_NAME, tiktoken_file

SPECIALS = ("<|endoftext|>", "<|pad|>")
BY_TIKTOKEN = """
import json, sys, tiktoken
from tiktoken.load import load_tiktoken_bpe
given = json.load(sys.stdin)
encoding = tiktoken.Encoding("ours", pat_str=given["regex"], mergeable_ranks=load_tiktoken_bpe(given["path"]),
                             special_tokens=given["special"])
print(json.dumps([encoding.encode_ordinary(text) for text in given["texts"]]))
"""


def train(of_texts: list[str], vocab_size: int, pattern: str) -> Tokenizer:
    counts = PretokenCounts()
    counts.add_texts(*buffers(of_texts), pattern)
    return train_from_counts(*counts.table(), vocab_size=vocab_size, pattern=pattern, special_tokens=SPECIALS)


def ranks_file(tokenizer: Tokenizer) -> bytes | None:
    return tiktoken_file(tokenizer.to_str().encode()).get(FILE_NAME)


def ranks_of(tokenizer: Tokenizer) -> dict[bytes, int]:
    """As tiktoken reads them."""
    lines = ranks_file(tokenizer).splitlines()
    return {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in lines if line)}


def by_rank(word: bytes, ranks: dict[bytes, int]) -> list[int]:
    """tiktoken's rule: join the neighbours that are the token of least rank, the first of them, while there are any."""
    parts = [word[i : i + 1] for i in range(len(word))]
    while True:
        joint = [(ranks[a + b], i) for i, (a, b) in enumerate(itertools.pairwise(parts)) if a + b in ranks]
        if not joint:
            return [ranks[part] for part in parts]
        _, i = min(joint)
        parts[i : i + 2] = [parts[i] + parts[i + 1]]


TRAINED = train(texts(), 320, "gpt4")


def test_every_token_but_the_specials_has_a_line():
    ranks = ranks_of(TRAINED)
    assert list(ranks.values()) == list(range(2, 320))
    assert {token for token in ranks if len(token) == 1} == {bytes([byte]) for byte in range(256)}
    assert ranks[b" mill"] == TRAINED.token_to_id("\u0120mill")
    assert ranks_file(TRAINED).endswith(b" 319\n")


few_letters = st.lists(
    st.text("ab", min_size=1, max_size=30) | st.text("abc", min_size=1, max_size=12), min_size=1, max_size=9
)


@settings(deadline=None)
@given(corpus=few_letters, seen=few_letters, vocab_size=st.sampled_from([262, 280, 340]))
def test_ids_by_rank_are_those_of_the_merges(corpus, seen, vocab_size):
    tokenizer = train(corpus, vocab_size, "gpt2")
    ranks = ranks_of(tokenizer)
    for word in [*corpus, *seen]:
        assert by_rank(word.encode(), ranks) == tokenizer.encode(word).ids


def test_ids_of_texts_by_rank():
    ranks = ranks_of(TRAINED)
    for text in texts(60):
        words = [piece.encode() for piece in pieces(text, splitter("gpt4"))]
        TRAINED.encode_special_tokens = True
        assert [i for word in words for i in by_rank(word, ranks)] == TRAINED.encode(text).ids


@pytest.mark.parametrize("model", [models.WordLevel({"a": 0}, "a"), models.BPE({"a": 0}, [])])
def test_what_is_no_byte_level_bpe_has_no_ranks(model):
    assert ranks_file(Tokenizer(model)) is None


def changed(change: Callable[[dict], object]) -> bytes | None:
    """The ranks of TRAINED with other parts."""
    parts = json.loads(TRAINED.to_str())
    change(parts)
    return ranks_file(Tokenizer.from_str(json.dumps(parts)))


def test_a_tokenizer_that_tiktoken_would_not_follow_has_no_ranks():
    def swap_ids(parts):
        vocab = parts["model"]["vocab"]
        first, last = (token for token, i in vocab.items() if i in (258, 319))
        vocab[first], vocab[last] = vocab[last], vocab[first]

    assert changed(lambda parts: None) == ranks_file(TRAINED)
    assert changed(swap_ids) is None
    assert changed(lambda parts: parts["model"]["vocab"].update({"mill" * 9: 320})) is None  # nothing merges to it
    assert changed(lambda parts: parts.update({"normalizer": {"type": "NFC"}})) is None
    assert changed(lambda parts: parts.update({"pre_tokenizer": {"type": "Whitespace"}})) is None


@pytest.mark.parametrize("base", [plain_base(), llama3_like(), plain_base("o200k")])
def test_ids_of_an_extended_tokenizer(base):
    after = Tokenizer.from_str(extend(base).decode())
    ranks = ranks_of(after)
    after.encode_special_tokens = True
    used = set()
    for text in [*DOMAIN[:2], *texts(20)]:
        words = [text[a:b].encode() for _, (a, b) in base.pre_tokenizer.pre_tokenize_str(text)]
        ids = [i for word in words for i in by_rank(word, ranks)]
        assert ids == after.encode(text).ids
        used.update(ids)
    assert max(used) >= base.get_vocab_size()


@pytest.mark.slow
@pytest.mark.parametrize("pattern", ["gpt2", "gpt4", "o200k", "qwen2"])
def test_tiktoken_itself_gives_the_same_ids(pattern, tmp_path):
    python = os.environ.get("CORPUSMILL_PEERS_TOKENIZERS")
    if not python:
        pytest.skip("set CORPUSMILL_PEERS_TOKENIZERS to the Python of a virtual environment that has tiktoken")
    found = [text for name in real_files() for text in texts_of(shared(name))]
    tokenizer = train(found[::50], 8000, pattern)
    tokenizer.encode_special_tokens = True
    path = tmp_path / "tokenizer.tiktoken"
    path.write_bytes(ranks_file(tokenizer))
    held_out = found[3::200]
    special = {token: i for i, token in enumerate(SPECIALS)}
    given = {"regex": PATTERNS[pattern].regex, "path": str(path), "special": special, "texts": held_out}
    done = subprocess.run(
        [python, "-c", BY_TIKTOKEN], input=json.dumps(given), capture_output=True, text=True, check=True
    )
    theirs = json.loads(done.stdout)
    assert len(theirs) > 4000
    for text, ids in zip(held_out, theirs, strict=True):
        assert tokenizer.encode(text, add_special_tokens=False).ids == ids, text[:80]
