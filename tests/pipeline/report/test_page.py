"""The page stands alone, says everything, and shows what users wrote as text."""

import re
from html.parser import HTMLParser

import pytest

from pipeline.report.facts import gather
from pipeline.report.page import page
from tests.pipeline.report.fake_run import manifest, write_run

VOID = {"meta", "br", "rect", "line", "circle", "polyline"}


class Checker(HTMLParser):
    """Collects tags, attributes and text, and fails on a tag that is not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def checked(html: str) -> Checker:
    checker = Checker()
    checker.feed(html)
    checker.close()
    assert checker.open == []
    return checker


@pytest.fixture
def facts(tmp_path):
    return gather(write_run(tmp_path), manifest())


def test_every_tag_is_closed_and_every_section_has_its_heading(facts):
    found = checked(page(facts))
    ids = [value for name, value in found.attributes if name == "id"]
    labels = [value for name, value in found.attributes if name == "aria-labelledby"]
    assert len(ids) == len(set(ids))
    assert labels == ids
    assert len(ids) == 13


def test_nothing_runs_and_nothing_is_fetched(facts):
    found = checked(page(facts))
    assert not {"script", "link", "img", "iframe", "object", "form"} & set(found.tags)
    assert not {"src", "href", "onclick", "onload", "style"} & {name for name, _ in found.attributes}
    assert "default-src 'none'" in page(facts)


def test_every_reason_stands_in_the_funnel_with_its_count(facts):
    text = checked(page(facts)).text
    counts = [pair for hop in facts["funnel"] for pair in hop["reasons"].items()]
    assert len(counts) == 8
    for reason, count in counts:
        assert (f"{reason}−{count:,}" if count else f"Never fired: {reason}") in text


def test_the_time_is_that_of_all_jobs_also_of_those_done_before(facts):
    facts["run"]["seconds"] = 0.1
    assert "jobs took 2 min 18 s" in checked(page(facts)).text


def test_sizes_packing_fill_and_losses_are_there(facts):
    text = checked(page(facts)).text
    for said in (
        "1.5 kB",
        "97.6%",
        "240,000",
        "3.100",
        "validation loss of the adapter; 5.100 at its start",
        "email31",
    ):
        assert said in text


@pytest.mark.parametrize(
    "nasty", ["<script>alert(1)</script>", "<img src=x onerror=1>", "</pre></details><b>", "\"'><svg>"]
)
def test_what_users_wrote_is_text(facts, nasty):
    plain = checked(page(facts)).tags
    for sample in facts["samples"]:
        sample["rule"] = nasty
        for one in sample["samples"]:
            one["text"] = one["doc_id"] = nasty
    facts["run"]["recipe"] |= {"run_dir": f"runs/{nasty.replace('/', '')}", "note": nasty}
    facts["run"]["versions"] = {nasty: nasty}
    facts["funnel"][1]["stage"] = facts["training"][0]["job"] = facts["training"][0]["device"] = nasty
    facts["packing"][0]["splits"] = {nasty: {"documents": 1}}
    facts["languages"] = facts["pii"] = {nasty: 1}
    facts["warnings"] = [nasty]
    html = page(facts)
    assert not re.search(r"<script|<img|<b>", html)
    assert set(checked(html).tags) == set(plain)
    assert nasty in checked(html).text


def test_many_languages_are_folded(facts):
    facts["languages"] = {f"l{i}": 100 - i for i in range(15)}
    html = page(facts)
    shown, folded = html[html.index('id="languages-kept"') :].split("<summary>3 more</summary>")
    assert shown.count('<th scope="row">l') == 12
    assert folded[: folded.index("</details>")].count('<th scope="row">l') == 3


def test_a_run_without_dropped_text_says_so(facts):
    facts["samples"][0]["samples"][0]["text"] = None
    assert "The run kept no dropped text." in page(facts)


def test_an_empty_run_has_a_page(tmp_path):
    html = page(gather(tmp_path, {"jobs": []}))
    assert checked(html).tags.count("section") == 2


def test_the_same_facts_give_the_same_page(facts):
    assert page(facts) == page(facts)
