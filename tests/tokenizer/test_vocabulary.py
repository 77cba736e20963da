"""What a vocabulary tells of itself, and how many tokens its smaller selves would make."""

import json

import numpy as np
import pytest

from tests.oracles.library_bpe import train_bpe
from tests.tokenizer.corpus import texts
from tokenizer.vocabulary import read_vocabulary

SPECIALS = ("<|endoftext|>", "<|pad|>")
TEXTS = [*texts(60), "na\u00efve caf\u00e9 \u65e5\u672c\u8a9e \U0001f600 " * 3]


def trained(vocab_size):
    return train_bpe(TEXTS, vocab_size=vocab_size, pretokenizer="gpt4", special_tokens=SPECIALS)


def vocabulary(tokenizer):
    return read_vocabulary(tokenizer.to_str().encode())


def used(tokenizer):
    ids = [token_id for text in TEXTS for token_id in tokenizer.encode(text).ids]
    return np.bincount(ids, minlength=tokenizer.get_vocab_size())


def test_smaller_vocabularies_make_as_many_tokens_as_if_they_were_trained():
    tokenizer = trained(350)
    ours = vocabulary(tokenizer)
    sizes = ours.sizes()
    assert (sizes[0], sizes[-1], len(sizes)) == (258, 350, 12)
    assert ours.tokens_at(sizes, used(tokenizer)) == [int(used(trained(size)).sum()) for size in sizes]
    assert ours.tokens_at([258], used(tokenizer)) == [sum(len(text.encode()) for text in TEXTS)]


def test_large_vocabularies_have_round_sizes():
    parts = json.loads(trained(300).to_str())
    printed = [chr(code) for code in range(0x21, 0x7F)]
    pairs = [[a, b] for a in printed for b in printed][:3000]
    vocab = {token: i for i, token in enumerate(filter(lambda token: len(token) == 1, parts["model"]["vocab"]))}
    for pair in pairs:
        vocab["".join(pair)] = len(vocab)
    parts["model"] |= {"vocab": vocab, "merges": pairs}
    parts["added_tokens"] = []
    ours = read_vocabulary(json.dumps(parts).encode())
    assert ours.sizes() == [512, 768, 1024, 1536, 2048, 3072, 3256]
    assert ours.sizes(3000)[0] == 3000


def test_use_by_hand():
    tokenizer = trained(300)
    found = vocabulary(tokenizer).use(used(tokenizer))
    counts = used(tokenizer)
    tokens = {token_id: token for token, token_id in tokenizer.get_vocab().items()}
    learned = [token_id for token_id in tokens if token_id >= 258]
    assert found["learned"] == len(learned) == 42
    assert found["unused"] == sum(counts[token_id] == 0 for token_id in learned)
    assert found["single_bytes"] == sum(counts[2:258])
    text, size, count = found["longest_tokens"][0]
    assert size == len(text.encode()) == max(len(tokens[one]) for one in learned)
    assert count == counts[tokenizer.token_to_id(text.replace(" ", "\u0120"))]


def test_fragments_are_tokens_that_cut_a_character():
    tokenizer = trained(350)
    ours = vocabulary(tokenizer)
    found = ours.is_fragment(350)
    assert found[[tokenizer.token_to_id("\u00c3")]].all()
    assert not found[[tokenizer.token_to_id(token) for token in ("a", "<|pad|>")]].any()
    assert sum(found) >= 128


def test_tokens_that_are_added_are_counted_and_have_no_bytes():
    tokenizer = trained(300)
    tokenizer.add_tokens(["<extra>"])
    ours = vocabulary(tokenizer)
    assert ours.size == 301
    assert 300 not in ours.bytes_of
    assert ours.bytes_of[tokenizer.token_to_id("a")] == b"a"


def test_what_is_no_byte_level_bpe_has_a_size_and_no_curve():
    parts = {
        "model": {"type": "Unigram", "vocab": [["<unk>", 0.0], ["a", -1.0]]},
        "added_tokens": [{"content": "<unk>", "id": 0}],
    }
    ours = read_vocabulary(json.dumps(parts).encode())
    assert (ours.size, ours.any_token, ours.sizes(), ours.use(np.zeros(2, np.int64))) == (2, "a", [], {})


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"model": {}}', b'{"model": {"vocab": {}}}', b"\xff"])
def test_what_is_no_tokenizer_is_refused(content):
    with pytest.raises(ValueError, match=r"not the JSON of a tokenizer|its vocabulary is empty"):
        read_vocabulary(content)
