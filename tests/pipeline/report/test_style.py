"""The style fetches nothing, knows both schemes, and can be read in both."""

import re

import pytest

from pipeline.report.page import page
from pipeline.report.style import STYLE
from tests.pipeline.report.fake_run import manifest, write_run

LIGHT, DARK = (
    dict(re.findall(r"--(\w+): (#\w{6})", part)) for part in STYLE.split("@media (prefers-color-scheme: dark)")
)
MIN_CONTRAST = 4.5  # WCAG 2.1, level AA, text of ordinary size


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.1 defines it."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    low, high = sorted([luminance(a), luminance(b)])
    return (high + 0.05) / (low + 0.05)


def test_contrast_by_hand():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("paper", ["paper", "panel"])
@pytest.mark.parametrize("ink", ["ink", "soft"])
def test_text_can_be_read(colours, paper, ink):
    assert contrast(colours[ink], colours[paper]) >= MIN_CONTRAST


def test_both_schemes_set_the_same_colours():
    assert set(LIGHT) == set(DARK)
    assert set(re.findall(r"var\(--(\w+)\)", STYLE)) <= set(LIGHT)


def test_nothing_is_fetched():
    assert not re.search(r"url\(|@import|@font-face|http", STYLE)


def test_every_class_on_the_page_has_a_rule(tmp_path):
    from pipeline.report.facts import gather

    html = page(gather(write_run(tmp_path), manifest()))
    used = {name for classes in re.findall(r'class="?([\w ]+)"?', html) for name in classes.split()}
    assert len(used) > 10
    assert sorted(name for name in used if f".{name}" not in STYLE) == []
