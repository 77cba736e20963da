"""Numbers as people read them."""

import pytest

from pipeline.report.units import bytes_text, figure_text, seconds_text, share_text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1_550_000, "1.6 MB"), (2e9, "2.0 GB"), (1.5e15, "1,500.0 TB")],
)
def test_sizes(value, text):
    assert bytes_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (0.04, "0.0 s"), (59.9, "59.9 s"), (119.6, "2 min 0 s"), (125, "2 min 5 s"), (12_000, "3 h 20 min")],
)
def test_times(value, text):
    assert seconds_text(value) == text


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(None, ""), (0, "0.0%"), (0.0001, "<0.1%"), (0.658, "65.8%"), (0.99999, ">99.9%"), (1, "100.0%")],
)
def test_shares_never_round_to_none_or_all(fraction, text):
    assert share_text(fraction) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (True, "True"), ("cpu", "cpu"), (1234567, "1,234,567"), (0.12345678, "0.1235"), (9.0, "9")],
)
def test_figures(value, text):
    assert figure_text(value) == text
