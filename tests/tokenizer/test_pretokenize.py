import csv
import gzip
import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from tests.oracles.pretokens import buffers, kernel_pieces, pieces, splitter
from tests.shared_data import shared
from tokenizer.char_table import char_table
from tokenizer.pretokenize import pretokens

FAMILIES = ("gpt2", "cl100k", "o200k")
ALL = ("gpt2", "cl100k", "cl100k-2", "cl100k-1", "o200k", "o200k-2", "o200k-1")

ODD = (
    "'\u2019sStTrReEvVlLdDmMſ  \n\r\t\v\f\x1c\x85\u00a0\u2028\u3000/.-_!129٣½Ⅻ²"
    "ǅʰªßÀéΣςЖжाก日本ーא\u0301\u0345\u200d\ufe0f😀👩🏽\x00"
)
PLAIN = "aabBs'tlL  \n\r\t/.-12"
odd_texts = st.lists(st.text(ODD, max_size=30) | st.text(max_size=30), max_size=6)
plain_texts = st.lists(st.text(PLAIN, max_size=300), max_size=4)
mixed_texts = st.lists(st.text(PLAIN * 3 + ODD, max_size=300), max_size=4)
odd_bytes = st.lists(
    st.binary(max_size=3) | st.sampled_from([b"ab ", "é日".encode(), b"\xc3", b"'s", b"\xf0\x9f"]), max_size=90
).map(b"".join)


def check(texts: list[str], pattern: str) -> None:
    by = splitter(pattern)
    for text, ours in zip(texts, kernel_pieces(texts, pattern), strict=True):
        assert ours == pieces(text, by)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("gpt2", "I|'ll| pay| 1234| EUR|,|  | isn|'t| it|?!|\n\n| HTMLpage|'|S"),
        ("cl100k", "I|'ll| pay| |123|4| EUR|,|  | isn|'t| it|?!\n\n| HTMLpage|'S"),
        ("cl100k-1", "I|'ll| pay| |1|2|3|4| EUR|,|  | isn|'t| it|?!\n\n| HTMLpage|'S"),
        ("o200k", "I'll| pay| |123|4| EUR|,|  | isn't| it|?!\n\n| HTMLpage'S"),
    ],
)
def test_pretokens_by_hand(pattern, expected):
    cut = expected.split("|")
    assert kernel_pieces(["".join(cut)], pattern) == [cut]


@pytest.mark.parametrize("pattern", ALL)
@given(texts=odd_texts)
def test_odd_text_is_cut_as_the_library_cuts_it(pattern, texts):
    check(texts, pattern)


@pytest.mark.parametrize("pattern", ALL)
@given(texts=plain_texts)
def test_plain_text_is_cut_as_the_library_cuts_it(pattern, texts):
    check(texts, pattern)


@pytest.mark.parametrize("pattern", ALL)
@given(texts=mixed_texts)
def test_mixed_text_is_cut_as_the_library_cuts_it(pattern, texts):
    check(texts, pattern)


def around(codes: np.ndarray) -> list[str]:
    """Texts with each code point alone, and between and beside letters, digits, blanks, line ends, apostrophes."""
    characters = [chr(code) for code in codes if not 0xD800 <= code < 0xE000]
    return [f"{c}a{c}b B{c}B 1{c}2 {c} {c}{c}.{c}\n{c}\n \n{c}'{c}'l{c}'r{c}a's{c}AB{c}C{c}" for c in characters]


@pytest.mark.parametrize("pattern", FAMILIES)
@given(texts=st.lists(st.text("ab'sSé éÉßЖжаا日本は。“”…—नमस्ते\u0301 .\n/1A", max_size=200), max_size=4))
def test_words_of_many_scripts_are_cut_as_the_library_cuts_them(pattern, texts):
    check(texts, pattern)


@pytest.mark.parametrize("pattern", FAMILIES)
def test_code_points_at_the_edges_of_their_classes(pattern):
    edges = np.flatnonzero(np.diff(char_table(), prepend=0))
    check(around(np.union1d(edges, np.maximum(edges - 1, 0))), pattern)


@pytest.mark.slow
@pytest.mark.parametrize("pattern", FAMILIES)
def test_every_code_point(pattern):
    for codes in np.array_split(np.arange(0x110000), 64):
        check(around(codes), pattern)


@pytest.mark.parametrize("pattern", ALL)
@pytest.mark.parametrize(
    "unit", [" ", "'", "😀", "日A", "a", "\u0301", "1", "\r\n ", "/\n", "É", " \n/", "'s", "A\u0301"]
)
def test_hostile_text_takes_linear_time(pattern, unit):
    """A sixteenth takes about a sixteenth: a scan that starts again at each pretoken would take 1/256."""
    text_B, offsets_D1 = buffers([unit * (2**20 // len(unit.encode()))])
    small_D1 = np.array([0, offsets_D1[-1] // 16])
    taken = []
    for ends_D1 in (small_D1, offsets_D1):
        pretokens(text_B, ends_D1, pattern)
        rounds = []
        for _ in range(3):
            began = time.process_time()
            pretokens(text_B, ends_D1, pattern)
            rounds.append(time.process_time() - began)
        taken.append(min(rounds))
    assert taken[1] < 64 * taken[0] + 0.005
    assert taken[1] < 0.5


def test_a_slice_of_documents_is_read_where_it_lies():
    text_B, offsets_D1 = buffers(["skipped", "", "two words", "é", "left out"])
    ends_P, bounds_D1 = pretokens(text_B, offsets_D1[1:5].astype(np.int32), "gpt2")
    assert ends_P.tolist() == [10, 16, 18]
    assert bounds_D1.tolist() == [0, 0, 2, 3]
    assert ends_P.dtype == bounds_D1.dtype == np.int64


def test_no_documents_have_no_pretokens():
    ends_P, bounds_D1 = pretokens(np.empty(0, np.uint8), np.zeros(1, np.int64), "o200k")
    assert ends_P.size == 0
    assert bounds_D1.tolist() == [0]


@pytest.mark.parametrize("pattern", FAMILIES)
@given(data=odd_bytes, num_docs=st.integers(1, 3))
def test_bytes_that_are_no_text_are_tiled_whatever_lies_behind(pattern, data, num_docs):
    text_B = np.frombuffer(data, np.uint8)
    offsets_D1 = np.linspace(0, text_B.size, num_docs + 1).astype(np.int64)
    ends_P, bounds_D1 = pretokens(text_B, offsets_D1, pattern)
    assert np.all(np.diff(ends_P, prepend=0) > 0)
    assert set(offsets_D1.tolist()) <= {0, *ends_P.tolist()}
    assert bounds_D1[-1] == ends_P.size
    longer_B = np.concatenate([text_B, np.full(64, ord("x"), np.uint8)])
    np.testing.assert_array_equal(pretokens(longer_B, offsets_D1, pattern)[0], ends_P)


def test_an_unknown_pattern_is_refused():
    with pytest.raises(ValueError, match="no split pattern is called 'gpt5'; use one of gpt2, cl100k"):
        pretokens(np.empty(0, np.uint8), np.zeros(1, np.int64), "gpt5")


def strings(value: object) -> Iterator[str]:
    """All strings in what a JSON document holds."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from strings(inner)


def texts_of(path: Path) -> list[str]:
    """The strings of a JSON or JSON Lines file, cells of a table, or the whole of another file as text."""
    data = path.read_bytes()
    if path.suffix == ".zst":
        data = zstandard.ZstdDecompressor().stream_reader(data).read()
    elif path.suffix == ".gz":
        data = gzip.decompress(data)
    text = data.decode(errors="replace")
    if ".jsonl" in path.name:
        return [found for line in text.split("\n") if line.strip() for found in strings(json.loads(line))]
    if path.suffix == ".json":
        return list(strings(json.loads(text)))
    if path.suffix == ".csv":
        return [cell for row in csv.reader(text.splitlines()) for cell in row]
    return [text]


def real_files() -> list[str]:
    """Names of files of documents, below the folder of shared data."""
    folders = ("bench", "corpus", "instruct", "lang", "neardup", "pii", "quality", "web/html", "web/wet")
    names = (".jsonl", ".jsonl.zst", ".json", ".txt", ".csv", ".txt.gz", ".jsonl.gz", ".wet", ".html")
    root = shared("README.md").parent
    found = [path for folder in folders for path in sorted((root / folder).rglob("*")) if path.name.endswith(names)]
    return [str(path.relative_to(root)) for path in found]


@pytest.mark.parametrize("pattern", ALL)
@pytest.mark.parametrize(
    "name", ["hostile/blns.json", "hostile/blns.txt", "hostile/UTF-8-test.txt", "hostile/utf8tests.txt"]
)
def test_hostile_files_are_cut_as_the_library_cuts_them(name, pattern):
    texts = texts_of(shared(name))
    assert texts
    check(texts, pattern)


@pytest.mark.slow
@pytest.mark.parametrize("pattern", FAMILIES)
def test_all_real_documents_are_cut_as_the_library_cuts_them(pattern):
    names = real_files()
    assert len(names) > 40
    for name in names:
        check(texts_of(shared(name)), pattern)
