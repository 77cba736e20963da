import json
import os
import subprocess
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import KeywordsConfig
from pipeline.errors import UserError
from pipeline.stages.list_words import C4_ALLOWED, ListWords
from tests import datatrove
from tests.oracles import keywords as oracle
from tests.shared_data import shared

SCRIPT = datatrove.SCRIPT.with_name("make_datatrove_bad_words.py")
WORDS = ["fish", "Fish Cake", "é", "fisher", "日本", "a$$", "\U0001f41f", "σς", "e\u0301", "cake a"]
PIECES = [
    "fish",
    "FISH",
    " ",
    " cake",
    "er",
    "É",
    "日本",
    "日",
    "a$$",
    "$",
    "\U0001f41f",
    "ΣΣ",
    "e",
    "\u0301",
    "_",
    "\n",
    "İ",
    "a",
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=10).map("".join) | st.text(max_size=20)


def counts(config, texts, lang=None):
    text = pa.array(texts, pa.string())
    labels = pa.array(lang or [None] * len(texts), pa.string())
    return ListWords(config).count(text, labels, np.ones(len(texts), bool)).tolist()


def list_dir(folder, lists):
    for label, words in lists.items():
        (folder / f"{label}.txt").write_text("\n".join(words), encoding="utf-8")
    return str(folder)


@pytest.fixture(scope="module")
def word_list(tmp_path_factory):
    path = tmp_path_factory.mktemp("lists") / "words"
    path.write_text("\n".join(WORDS), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Fish, fishes; fisher's FISH", 3),
        ("fish cake and fish-cake", 2),
        ("fish cake a", 1),
        ("die日本語", 1),
        ("a$$ ha$$ a$$hole", 2),
        ("x\U0001f41f\U0001f41f", 2),
        ("cafe\u0301", 0),
        ("", 0),
    ],
)
def test_places_by_hand(word_list, text, count):
    assert counts(KeywordsConfig(lists=[word_list]), [text]) == [count]


@given(docs=st.lists(TEXTS, max_size=4))
def test_counts_agree_with_their_oracle(word_list, docs):
    assert counts(KeywordsConfig(lists=[word_list]), docs) == [oracle.num_words(text, WORDS) for text in docs]


@given(docs=st.lists(TEXTS, min_size=1, max_size=4), label=st.sampled_from(["en", "ja"]))
def test_profile_c4_finds_what_its_regular_expression_finds(tmp_path_factory, docs, label):
    docs = [text.replace("\N{GREEK CAPITAL LETTER SIGMA}", "") for text in docs]  # the one stated difference
    folder = list_dir(tmp_path_factory.mktemp("c4"), {label: WORDS})
    found = counts(KeywordsConfig(profile="c4", lists_dir=folder), docs, [label] * len(docs))
    expected = [oracle.drops_in_c4(text, WORDS, anywhere=label == "ja") for text in docs]
    assert [count > 0 for count in found] == expected


def test_documents_are_compared_with_the_list_of_their_language(tmp_path):
    folder = list_dir(tmp_path, {"en": ["fish"], "de": ["fisch", "fish"], "ja": ["魚"]})
    texts, lang = ["fish", "fisch fish", "fish", "fish", "赤魚"], ["en", "de", "fr", None, "ja"]
    nan = pytest.approx(np.nan, nan_ok=True)
    assert counts(KeywordsConfig(lists_dir=folder), texts, lang) == [1, 2, nan, nan, 1]
    assert counts(KeywordsConfig(lists_dir=folder, default_language="en"), texts, lang) == [1, 2, nan, 1, 1]
    assert counts(KeywordsConfig(lists={"en": f"{folder}/en.txt"}), texts, lang) == [1, nan, nan, nan, nan]
    both = KeywordsConfig(lists=[f"{folder}/en.txt", f"{folder}/ja.txt"])
    assert counts(both, texts, lang) == [1, 1, 1, 1, 1]


def test_lists_are_read_before_work_starts(tmp_path):
    with pytest.raises(UserError, match="no file"):
        ListWords(KeywordsConfig(lists={"en": str(tmp_path / "gone")}))


def test_c4_leaves_four_entries_out(tmp_path):
    folder = list_dir(tmp_path, {"zh": [*C4_ALLOWED, "鱼"]})
    texts = [*C4_ALLOWED, "鱼"]
    assert counts(KeywordsConfig(profile="c4", lists_dir=folder), texts, ["zh"] * 5) == [0, 0, 0, 0, 1]
    assert counts(KeywordsConfig(lists_dir=folder), texts, ["zh"] * 5) == [1] * 5


def assert_datatrove_agrees(rows, folder):
    texts, lang = [row["text"] for row in rows], [row["lang"] for row in rows]
    found = counts(KeywordsConfig(profile="c4", lists_dir=folder), texts, lang)
    assert [count > 0 for count in found] == [row["drops"] for row in rows]


def test_datatrove_agrees_on_the_golden_set(tmp_path):
    first, *rows = datatrove.read_jsonl(SCRIPT.with_name("datatrove_bad_words.jsonl.zst"))
    assert_datatrove_agrees(rows, list_dir(tmp_path, first["lists"]))
    dropped = Counter(row["lang"] for row in rows if row["drops"])
    assert len(rows) == 600
    assert min(dropped[label] for label in first["lists"]) > 3


@pytest.mark.slow
def test_datatrove_agrees_on_real_documents_in_every_language_with_a_list(tmp_path):
    """At least 1,000 documents for 22 of the languages; the sample has fewer of Japanese."""
    python = os.environ.get("CORPUSMILL_PEERS") or pytest.skip("set CORPUSMILL_PEERS to a Python that has datatrove")
    folder = shared("quality/ldnoobw")
    labels = {path.stem for path in folder.iterdir()}
    other_names = {"nb": "no", "nn": "no", "tl": "fil"}
    documents = [["en", text] for text in datatrove.real_texts()]
    for name in ("lang/lingua_sentences", "corpus/multilang_news"):
        found = datatrove.read_jsonl(shared(f"{name}.jsonl.zst"))
        documents += [[other_names.get(row["lang"], row["lang"]), row["text"]] for row in found]
    documents = [one for one in documents if one[0] in labels]
    given, target = tmp_path / "documents.json", tmp_path / "rows.zst"
    given.write_text(json.dumps(documents))
    subprocess.run([python, SCRIPT, "--documents", given, folder, target], check=True)
    rows = datatrove.read_jsonl(target)
    assert_datatrove_agrees(rows, str(folder))
    assert sum(count >= 1000 for count in Counter(row["lang"] for row in rows).values()) >= 22
    assert sum(row["drops"] for row in rows) > 150
