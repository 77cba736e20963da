import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import LineDedupConfig
from pipeline.kernels.buffers import string_view
from pipeline.kernels.line_units import unit_cuts, unit_keys, unit_span
from pipeline.kernels.normal_units import normal_form
from pipeline.stages.line_dedup_units import _FORMS, unit_rule
from tests.oracles import line_dedup as oracle

PIECES = [
    "a",
    "B",
    "b ",
    "word",
    "\n",
    "\n",
    "\r\n",
    "\n\n",
    " ",
    "\r",
    ". ",
    "? ",
    "...",
    "。",
    "日",
    "é",
    "😀",
    "-",
    "7",
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=24).map("".join) | st.text(max_size=20)
CONFIGS = st.builds(
    lambda **settings: LineDedupConfig.model_validate(settings),
    unit=st.sampled_from(["line", "paragraph", "sentence"]),
    window=st.integers(1, 3),
    normalize=st.sampled_from(["raw", "lower", "ccnet", "fineweb"]),
    blank_lines=st.sampled_from(["keep", "compare"]),
    min_chars=st.sampled_from([0, 0, 3]),
)


def keys_of(texts, config):
    text_B, offsets_D1 = string_view(texts)
    return unit_keys(text_B, offsets_D1, unit_rule(config), normal_form(_FORMS[config.normalize]))


def left_of(text, lost, config):
    """The text without these units, by the kernel's spans; None where nothing is left."""
    text_B, offsets_D1 = string_view(pa.array(["x", text]).slice(1))
    cuts = unit_cuts(text_B, offsets_D1, unit_rule(config), np.array(sorted(lost), np.int64), np.array([0, len(lost)]))
    data, at, left = text.encode(), 0, b""
    for start, end in zip(cuts.start_P.tolist(), cuts.end_P.tolist(), strict=True):
        assert at <= start < end
        left, at = left + data[at:start], end
    assert set(cuts.unit_P.tolist()) <= set(lost)
    return None if cuts.is_empty_D[0] else (left + data[at:]).decode()


@pytest.mark.parametrize(
    ("text", "lost", "left"),
    [
        ("a\nb\nc", {0}, "b\nc"),
        ("a\nb\nc", {1}, "a\nc"),
        ("a\nb\nc", {2}, "a\nb"),
        ("a\nb\nc", {1, 2}, "a"),
        ("a\nb\nc\n", {1, 2}, "a\n"),
        ("a\r\nb\r\nc", {1}, "a\r\nc"),
        ("a\r\nb", {1}, "a"),
        ("a\r\nb\r\n", {1}, "a\r\n"),
        ("a\n\nb\n\nc", {1}, "a\n\nc"),
        ("a\nb\n\nc", {1}, "a\n\nc"),
        ("a\n\nb\nc", {1}, "a\n\nc"),
        ("\n\na\nb", {0}, "\n\nb"),
        ("a\n\n\nb", {1}, "a"),
        ("a\nb", {0, 1}, None),
        ("日\né\n😀", {1}, "日\n😀"),
    ],
)
def test_lines_go_with_a_line_end(text, lost, left):
    config = LineDedupConfig()
    assert left_of(text, lost, config) == left == oracle.without(text, lost, config)


@pytest.mark.parametrize(
    ("unit", "text", "lost", "left"),
    [
        ("paragraph", "a\nb\n\nc\nd\n \ne\n", {1}, "a\nb\n\ne\n"),
        ("paragraph", "a\nb\n\nc\nd\n \ne\n", {2}, "a\nb\n\nc\nd\n"),
        ("sentence", "One. Two. Three.", {1}, "One. Three."),
        ("sentence", "One. Two.\n\nThree. Four.", {1}, "One.\n\nThree. Four."),
        ("sentence", "One. Two.\n\nThree. Four.", {2}, "One. Two.\n\nFour."),
        ("sentence", "One. Two? \n", {1}, "One. \n"),
        ("sentence", "何。本です。", {0}, "本です。"),
    ],
)
def test_other_units_go_with_the_weaker_break(unit, text, lost, left):
    config = LineDedupConfig(unit=unit)
    assert left_of(text, lost, config) == left == oracle.without(text, lost, config)


def test_windows_that_overlap_are_passages_that_do_not():
    config = LineDedupConfig(profile="fineweb", window=2)
    text_B, offsets_D1 = string_view(pa.array(["A. B. C. D. E."]))
    cuts = unit_cuts(text_B, offsets_D1, unit_rule(config), np.array([0, 1, 3]), np.array([0, 3]))
    assert list(zip(cuts.start_P.tolist(), cuts.end_P.tolist(), cuts.unit_P.tolist(), strict=True)) == [
        (0, 6, 0),
        (6, 9, 1),
        (9, 14, 3),
    ]
    assert cuts.is_empty_D.all()


@given(texts=st.lists(TEXTS, max_size=5), skip=st.integers(0, 2), config=CONFIGS)
def test_units_agree_with_their_oracle_on_any_slice(texts, skip, config):
    found = keys_of(pa.array(texts, pa.string()).slice(skip), config)
    wanted = [oracle.units_of(text, config) for text in texts[skip:]]
    assert found.number_U.tolist() == [number for units in wanted for number, _ in units]
    assert np.diff(found.unit_offsets_D1).tolist() == [len(units) for units in wanted]
    forms = [form for units in wanted for _, form in units]
    keys = list(zip(found.one_U.tolist(), found.other_U.tolist(), strict=True))
    assert len(set(keys)) == len(set(forms)) == len(set(zip(keys, forms, strict=True)))


@given(text=TEXTS, chosen=st.sets(st.integers(0, 9)), config=CONFIGS)
def test_what_is_left_agrees_with_its_oracle(text, chosen, config):
    num = len(oracle.pieces(text, config.unit, compares_blank=config.blank_lines == "compare")) - config.window + 1
    lost = {number for number in chosen if number < num}
    if lost:
        assert left_of(text, lost, config) == oracle.without(text, lost, config)


@given(text=TEXTS, config=CONFIGS)
def test_spans_of_units(text, config):
    texts = pa.array(["x", text]).slice(1)
    spans = oracle.pieces(text, config.unit, compares_blank=config.blank_lines == "compare")
    for number in range(len(spans) - config.window + 1):
        wanted = text[spans[number][0] : spans[number + config.window - 1][1]]
        text_B, offsets_D1 = string_view(texts)
        start, end = unit_span(text_B, offsets_D1, unit_rule(config), 0, number)
        assert text_B[start:end].tobytes().decode() == wanted


@pytest.mark.parametrize("unit", ["line", "paragraph", "sentence"])
@pytest.mark.parametrize("text", ["x" * 10**6, "\n" * 10**6, "a\n" * 500_000, "😀" * 250_000, "." * 10**6])
def test_a_megabyte_of_anything(unit, text):
    config = LineDedupConfig(unit=unit, blank_lines="compare")
    found = keys_of(pa.array([text]), config)
    num = int(found.units_D[0])
    assert num == (text.count("\n") or 1 if unit == "line" else 0 if not text.strip() else 1)
    assert len(set(found.one_U.tolist())) <= 1
    if num > 1:
        assert left_of(text, set(range(1, num)), config) == ("a\n" if text[0] == "a" else None)
