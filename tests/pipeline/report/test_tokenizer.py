"""What a report tells of a tokenizer."""

import re

import pytest

from pipeline.report.facts import gather
from pipeline.report.page import page
from pipeline.report.tokenizer import short_fingerprint, tokenizer_details, tokenizer_line
from tests.pipeline.report.fake_run import manifest, write_run
from tests.pipeline.report.test_page import checked


def group(name, tokens, **more):
    return {"name": name, "documents": 4, "bytes": 1200, "words": 200, "fragments": 6, "tokens": tokens, **more}


MEASURED = {
    "sample": group("", [300, 400], documents=12),
    "tokenizers": [{"path": "", "vocab_size": 8000}, {"path": "models/big/tokenizer.json", "vocab_size": 128256}],
    "languages": [group("de", [300, 400]), group(None, [0, 0], bytes=0, words=0, fragments=0)],
    "sources": [group("news/<part>-#", [300, 400])],
    "sizes": [512, 2048, 8000],
    "tokens_by_size": {"": [600, 400, 300], "de": [600, 400, 300]},
    "single_bytes": 30,
    "learned": 7742,
    "unused": 1000,
    "unused_tokens": [" <b>", "\n\n"],
    "longest_tokens": [["        ", 8, 3], ["\\xff\\xfe", 2, 0]],
}
JOB = {"job": "04-train_tokenizer", "vocab_size": 8000, "measured": MEASURED}


def test_every_figure_stands_in_a_table():
    text = checked(tokenizer_details(JOB)).text
    assert "Measured on 12 documents of the corpus (1.2 kB, 200 words), chosen by hash." in text
    assert re.search(r"this run's\s*8,000\s*4.00\s*1.50\s*big\s*128,256\s*3.00\s*2.00\s*\+33.3%", text)
    assert re.search(r"Bytes per token, big\s*de\s*1.2 kB\s*4.00\s*1.50\s*2.0%\s*3.00\s*not labelled\s*0 B", text)
    assert re.search(r"news/<part>-#\s*1.2 kB\s*4.00", text)
    assert re.search(r"512\s*2.00\s*2.00\s*2,048\s*3.00\s*3.00\s*33.3%\s*8,000\s*4.00\s*4.00\s*25.0%", text)
    assert re.search(r"tokens of a single byte\s*10.0%", text)
    assert re.search(r"1,000 of 7,742\s*their share\s*12.9%", text)
    assert re.search(r'"        "\s*8\s*3\s*"\\xff\\xfe"\s*2\s*0', text)
    assert '" <b>" "\\n\\n"' in text


def test_the_picture_names_what_it_compares_with():
    found = checked(tokenizer_details(JOB))
    assert ("aria-label", "Bytes per token of 04-train_tokenizer over the size of its vocabulary") in found.attributes
    assert found.tags.count("polyline") == 1  # the one language would lie on the line of all
    assert found.tags.count("circle") == 1
    assert re.search(r"512\s*1k\s*2k.*128k\s*big", found.text)


def test_several_languages_have_lines_of_their_own():
    curves = MEASURED["tokens_by_size"] | {"en": [500, 350, 250]}
    languages = [group("de", [300, 400]), group("en", [250, 300])]
    found = checked(
        tokenizer_details(JOB | {"measured": MEASURED | {"tokens_by_size": curves, "languages": languages}})
    )
    assert found.tags.count("polyline") == 3
    assert "its languages" in found.text


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["a/x", "b/y/tokenizer.json"], ["x", "y"]),
        (["a/x", "b/x/tokenizer.json"], ["a/x", "b/x"]),
        (["a/x", "a/x"], ["a/x", "a/x"]),
        (["runs/first/tokenizer", "runs/second/tokenizer/tokenizer.json"], ["first", "second"]),
        (["a/llama-3.1.json", "gpt-4.5"], ["llama-3.1", "gpt-4.5"]),
        (["tokenizer.json"], ["."]),
        (["tokenizer"], ["tokenizer"]),
        (["."], ["."]),
    ],
)
def test_names_are_as_long_as_it_takes(paths, names):
    tokenizers = [{"path": path, "vocab_size": 1} for path in ["", *paths]]
    tokens = [300] * (len(paths) + 1)
    measured = MEASURED | {"tokenizers": tokenizers, "sample": group("", tokens), "languages": [], "sources": []}
    text = checked(tokenizer_details(JOB | {"measured": measured})).text
    for name in names:
        assert re.search(rf"{re.escape(name)}1\s*4.00\s*1.50", text)


def test_what_is_no_byte_level_bpe_has_empty_cells():
    names = ("sample", "tokenizers", "languages", "sources")
    measured = {name: MEASURED[name] for name in names} | {"sizes": [], "tokens_by_size": {"": []}}
    found = checked(tokenizer_details(JOB | {"measured": measured}))
    assert "svg" not in found.tags
    assert "single byte" not in found.text
    assert re.search(r"de\s*1.2 kB\s*4.001.503.00", found.text)


def test_an_empty_sample_has_no_ratios():
    empty = group("", [0, 0], documents=0, bytes=0, words=0, fragments=0)
    measured = MEASURED | {"sample": empty, "languages": [], "sources": [], "tokens_by_size": {"": [0, 0, 0]}}
    found = checked(tokenizer_details(JOB | {"measured": measured}))
    assert not re.search(r"nan|inf|%", found.text)
    assert tokenizer_line(JOB | {"measured": measured}) == "8,000 tokens"


def test_what_was_left_out_is_told_in_words_of_weight_one():
    tail = {"words": 70, "occurrences": 210, "bytes": 1800, "byte_fraction": 0.25, "pairs": 1590, "min_count": 7}
    job = {"job": "04-train_tokenizer", "distinct_words": 100}
    text = checked(tokenizer_details(job | {"left_out": tail | {"weight_units": 3}})).text
    assert "Left out: 70 of 100 distinct words, those that count less than 2.333 times." in text
    assert "They occur 70 times and are 25.0% of the text (600 bytes)" in text
    assert "no pair of tokens is counted short by more than 530." in text
    assert tokenizer_details(job | {"left_out": tail | {"words": 0}}) == ""


def test_weights_are_told_with_their_documents():
    weighted = {"source_weights.<b>*": 0, "lang_weights.de": 1200}
    found = checked(tokenizer_details({"job": "04-train_tokenizer", "weighted_documents": weighted}))
    assert re.search(r"source_weights\.<b>\*\s*0\s*lang_weights\.de\s*1,200", found.text)
    assert "b" not in found.tags


def test_the_fingerprint_is_short():
    assert short_fingerprint(JOB | {"fingerprint": "0123456789abcdef"})["fingerprint"] == "0123456789ab"
    assert short_fingerprint(JOB) == JOB


def test_a_job_without_such_figures_adds_nothing():
    assert tokenizer_details({"job": "04-train_tokenizer"}) == ""
    assert tokenizer_details({"job": "04-train_tokenizer", "measured": {}}) == ""


def test_one_line_for_the_terminal():
    assert tokenizer_line(JOB) == "8,000 tokens; 4.00 bytes per token, 1.50 tokens per word on a sample of 1.2 kB"
    bare = MEASURED | {"sample": group("", [300], words=0)}
    assert tokenizer_line(JOB | {"measured": bare}) == "8,000 tokens; 4.00 bytes per token on a sample of 1.2 kB"


@pytest.mark.parametrize("nasty", ["<script>alert(1)</script>", "</code></details><b>", "\"'><svg>"])
def test_what_users_wrote_is_text(nasty):
    plain = set(checked(tokenizer_details(JOB)).tags)
    measured = MEASURED | {
        "tokenizers": [{"path": "", "vocab_size": 1}, {"path": nasty, "vocab_size": 2}],
        "languages": [group(nasty, [300, 400])],
        "sources": [group(nasty, [300, 400])],
        "tokens_by_size": {"": [600, 400, 300], nasty: [600, 400, 300]},
        "unused_tokens": [nasty],
        "longest_tokens": [[nasty, 8, 3]],
    }
    html = tokenizer_details(JOB | {"job": nasty, "measured": measured})
    assert set(checked(html).tags) == plain
    assert not re.search(r"<script|<b>", html)


def test_the_section_is_in_json_and_page(tmp_path):
    run = manifest()
    run["jobs"][4] |= {"measured": MEASURED}
    facts = gather(write_run(tmp_path), run)
    assert facts["tokenizer"][0]["measured"]["learned"] == 7742
    html = page(facts)
    section = html[html.index('id="tokenizer"') : html.index('id="packing"')]
    assert "Longest tokens" in section
    assert checked(html).text.count("Bytes per token over the size of the vocabulary") == 1
