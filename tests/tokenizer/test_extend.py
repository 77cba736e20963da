"""An extended tokenizer is the base, and merges further what the base makes of the corpus' words."""

import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, normalizers

from tests.oracles import extend as oracle
from tests.oracles.library_bpe import train_bpe
from tests.tokenizer.corpus import texts
from tokenizer.bpe_train import pre_tokenizer
from tokenizer.extend import Base, extended, extended_files, spellings

SPECIALS = ("<|endoftext|>", "<|pad|>")
DOMAIN = [
    "The hydroelectric turbine's hydroelectric output, m\u00fchlrad m\u00fchlrad 12345",
    "turbines turbine \u6c34\u8eca \u6c34\u8eca \U0001f600\U0001f600  hydroelectricity\n\n",
] * 20


def plain_base(pattern="gpt4"):
    tokenizer = train_bpe(texts(), vocab_size=320, pretokenizer="gpt4", special_tokens=SPECIALS)
    tokenizer.pre_tokenizer = pre_tokenizer(pattern)
    return tokenizer


def llama3_like():
    """Specials behind the merges and outside the model's vocabulary; whole words are looked up first."""
    tokenizer = train_bpe(texts(), vocab_size=320, pretokenizer="gpt4", special_tokens=())
    parts = json.loads(tokenizer.to_str())
    parts["model"]["ignore_merges"] = True
    tokenizer = Tokenizer.from_str(json.dumps(parts))
    tokenizer.add_special_tokens(["<|begin_of_text|>", "<|eot_id|>"])
    return tokenizer


def qwen_like():
    """Normal form C, and added tokens that are not called special."""
    tokenizer = train_bpe(texts(), vocab_size=320, pretokenizer="gpt4", special_tokens=())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizer("qwen2")
    tokenizer.add_special_tokens(["<|endoftext|>", "<|im_start|>"])
    tokenizer.add_tokens([AddedToken("<tool_call>", special=False, normalized=False)])
    return tokenizer


def old_format():
    """Merges as strings with a blank, as files were written before 2024."""
    parts = json.loads(plain_base("gpt2").to_str())
    parts["model"]["merges"] = [" ".join(pair) for pair in parts["model"]["merges"]]
    return Tokenizer.from_str(json.dumps(parts)), json.dumps(parts).encode()


BASES = {"plain": plain_base, "llama3": llama3_like, "qwen": qwen_like, "o200k": lambda: plain_base("o200k")}


def raw(tokenizer):
    return tokenizer.to_str().encode()


def pretoken_counts(tokenizer, some):
    found = Counter()
    for text in some:
        text = tokenizer.normalizer.normalize_str(text) if tokenizer.normalizer else text
        found.update(text[a:b] for _, (a, b) in tokenizer.pre_tokenizer.pre_tokenize_str(text))
    return found


def table(counts):
    words = [word.encode() for word in counts]
    offsets_W1 = np.cumsum([0, *map(len, words)], dtype=np.int64)
    return np.frombuffer(b"".join(words), np.uint8), offsets_W1, np.array(list(counts.values()), np.int64)


def extend(tokenizer, some=DOMAIN, **settings):
    return extended(Base(raw(tokenizer)), *table(pretoken_counts(tokenizer, some)), **{"add_tokens": 30, **settings})


@pytest.mark.parametrize("name", BASES)
def test_merges_are_those_of_the_oracle_and_the_base_stays(name):
    base = BASES[name]()
    before, after = (json.loads(one) for one in (raw(base), extend(base)))
    merges = oracle.further_merges(base, pretoken_counts(base, DOMAIN), num=30)
    own = len(before["model"]["merges"])
    assert after["model"]["merges"][:own] == before["model"]["merges"]
    assert after["model"]["merges"][own:] == [list(pair) for pair in merges]
    size = base.get_vocab_size()
    assert [after["model"]["vocab"]["".join(pair)] for pair in merges] == list(range(size, size + 30))
    for key in ("added_tokens", "pre_tokenizer", "normalizer", "post_processor", "decoder"):
        assert after[key] == before[key]


@pytest.mark.parametrize("name", BASES)
def test_the_library_reads_it_with_all_ids_as_they_were(name):
    base = BASES[name]()
    after = Tokenizer.from_str(extend(base).decode())
    vocab = after.get_vocab(with_added_tokens=True)
    assert vocab.items() > base.get_vocab(with_added_tokens=True).items()
    assert sorted(vocab.values()) == list(range(base.get_vocab_size() + 30))
    added = "".join(token.content for token in base.get_added_tokens_decoder().values())
    for text in ("the mill grinds corn", "caf\u00e9 cafe\u0301 1234", added):
        assert after.encode(text).ids == base.encode(text).ids
    before, now = (sum(len(one.encode(text).ids) for text in DOMAIN) for one in (base, after))
    assert now < 0.8 * before
    for text in DOMAIN:
        assert after.decode(after.encode(text).ids, skip_special_tokens=False) == text


def test_tokens_are_only_merged_further():
    base = plain_base()
    raw_after = extend(base)
    after = Tokenizer.from_str(raw_after.decode())
    spelled = spellings(raw(base), raw_after)
    for text in [*DOMAIN, *texts(20)]:
        expanded = [one for token_id in after.encode(text).ids for one in spelled.get(token_id, [token_id])]
        assert expanded == base.encode(text).ids


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(
        st.text(st.sampled_from("abn "), min_size=1, max_size=12), st.integers(1, 9), min_size=1, max_size=12
    ),
    st.sampled_from([0, 3]),
    st.sampled_from([None, 4]),
)
def test_any_words_give_the_merges_of_the_oracle(words, min_frequency, max_token_bytes):
    base = plain_base()
    counts = {word: n for word, n in words.items() if len(pretoken_counts(base, [word])) == 1}
    bounds = {"min_frequency": min_frequency, "max_token_bytes": max_token_bytes}
    found = json.loads(extended(Base(raw(base)), *table(counts), add_tokens=12, **bounds))["model"]["merges"]
    own = len(json.loads(raw(base))["model"]["merges"])
    assert [tuple(pair) for pair in found[own:]] == oracle.further_merges(base, counts, num=12, **bounds)


def test_order_and_repetition_of_words_do_not_matter():
    base = plain_base()
    counts = pretoken_counts(base, DOMAIN)
    halves = [(word, n - n // 2) for word, n in counts.items()] + [(word, n // 2) for word, n in counts.items()]
    words = [word.encode() for word, _ in reversed(halves)]
    offsets_W1 = np.cumsum([0, *map(len, words)], dtype=np.int64)
    shuffled = (
        np.frombuffer(b"".join(words), np.uint8),
        offsets_W1,
        np.array([n for _, n in reversed(halves)], np.int64),
    )
    assert extended(Base(raw(base)), *shuffled, add_tokens=30) == extend(base)


def test_merges_in_the_old_format_are_written_in_the_new_one():
    base, before = old_format()
    after = extended(Base(before), *table(pretoken_counts(base, DOMAIN)), add_tokens=5)
    assert after == extend(base, add_tokens=5)


def test_a_token_that_the_base_never_makes_is_made_and_not_added_again():
    base = plain_base()
    parts = json.loads(raw(base))
    parts["model"]["vocab"]["turb"] = 320
    found = json.loads(extended(Base(json.dumps(parts).encode()), *table({"turb": 9, "xqxq": 3}), add_tokens=3))
    added = [token for token, token_id in found["model"]["vocab"].items() if token_id > 320]
    assert len(added) == 3
    assert "turb" not in added
    made = Tokenizer.from_str(json.dumps(found))
    assert made.encode("turb").ids == [320]


def test_too_little_text_adds_fewer_tokens():
    base = plain_base()
    found = json.loads(extend(base, ["zq"], add_tokens=50))
    assert len(found["model"]["vocab"]) == 321
    assert json.loads(extend(base, [], add_tokens=50))["model"]["merges"] == json.loads(raw(base))["model"]["merges"]


def test_a_word_that_is_an_added_token_of_the_base_is_refused():
    base = plain_base()
    base.add_special_tokens(["zqzq"])
    with pytest.raises(ValueError, match="'zqzq' is an added token of the base and a frequent word"):
        extended(Base(raw(base)), *table({"zqzq": 5}), add_tokens=10)


def test_no_tokens_to_add_are_refused():
    with pytest.raises(ValueError, match="the base has 320 ids, and -20 tokens are to be added"):
        extend(plain_base(), add_tokens=-20)


def without_a_byte():
    parts = json.loads(raw(plain_base()))
    token = next(iter(set(parts["model"]["vocab"]) & {"\u0100"}))
    del parts["model"]["vocab"][token]
    return json.dumps(parts).encode()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"nonsense", "not the JSON of a tokenizer"),
        (b"[]", "not the JSON of a tokenizer"),
        (json.dumps({"model": {"type": "Unigram", "vocab": []}}).encode(), "its model is Unigram, not BPE"),
        (json.dumps({"model": {"type": "BPE", "vocab": {}, "merges": []}}).encode(), "not byte-level with a split"),
        (without_a_byte(), "some of the 256 bytes have no token"),
    ],
)
def test_what_is_no_byte_level_bpe_is_refused(content, reason):
    with pytest.raises(ValueError, match=reason):
        Base(content)


def test_the_folder_loads_in_transformers_with_the_specials_and_template_of_the_base(tmp_path):
    from transformers import AutoTokenizer

    base, folder = tmp_path / "base", tmp_path / "extended"
    base.mkdir()
    folder.mkdir()
    tokenizer = llama3_like()
    tokenizer.save(str(base / "tokenizer.json"))
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|eot_id|>", "bos_token": "<|begin_of_text|>"}
    (base / "tokenizer_config.json").write_text(json.dumps(config | {"auto_map": {"AutoTokenizer": ["x", None]}}))
    (base / "chat_template.jinja").write_text("{{ bos_token }}")
    (base / "merges.txt").write_text("a b")
    files = extended_files(base, extend(tokenizer))
    assert set(files) == {"tokenizer.json", "tokenizer.tiktoken", "tokenizer_config.json", "chat_template.jinja"}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    loaded = AutoTokenizer.from_pretrained(folder)
    library = Tokenizer.from_file(str(folder / "tokenizer.json"))
    assert len(loaded) == tokenizer.get_vocab_size() + 30
    assert (loaded.eos_token_id, loaded.bos_token_id) == (321, 320)
    for text in [*DOMAIN, *texts(10), "<|begin_of_text|>turbine<|eot_id|>"]:
        assert loaded.encode(text, add_special_tokens=False) == library.encode(text, add_special_tokens=False).ids
    assert loaded.apply_chat_template([{"role": "user", "content": "x"}], tokenize=False) == "<|begin_of_text|>"
    assert loaded.model_input_names == ["input_ids", "attention_mask"]


def test_a_base_of_tokenizer_json_alone_gives_a_folder_that_loads(tmp_path):
    from transformers import AutoTokenizer

    for name, content in extended_files(tmp_path, extend(plain_base())).items():
        (tmp_path / name).write_bytes(content)
    assert len(AutoTokenizer.from_pretrained(tmp_path)) == 350


def test_new_tokens_are_spelled_by_old_ones():
    base = llama3_like()
    before, after = raw(base), extend(base)
    found = spellings(before, after)
    assert sorted(found) == list(range(322, 352))
    tokens = {token_id: token for token, token_id in json.loads(after)["model"]["vocab"].items()}
    for token_id, parts in found.items():
        assert "".join(tokens[part] for part in parts) == tokens[token_id]
        assert len(parts) > 1
        assert max(parts) < 320
    with_added = Tokenizer.from_str(before.decode())
    with_added.add_tokens(["the mill"])
    assert spellings(before, raw(with_added)) == {322: base.encode("the mill").ids}


def test_another_tokenizer_is_no_extension():
    with pytest.raises(ValueError, match="of its 320 tokens have other ids or are gone"):
        spellings(raw(plain_base()), raw(llama3_like()))
