"""The pictures are well-formed, inside their frame, and honest."""

import math
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.report.chart import (
    BOTTOM,
    HEIGHT,
    LEFT,
    MAX_POINTS,
    RIGHT,
    TOP,
    WIDTH,
    loss_chart,
    share_bar,
    size_chart,
    thinned,
    ticks,
)

LOSSES = st.floats(-1e6, 1e6, allow_subnormal=False)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 100, [0, 50, 100]),
        (3.0, 9.0, [2, 4, 6, 8, 10]),
        (0, 0, [0, 0.5]),
        (0, 1, [0, 0.5, 1]),
        (-1, 1, [-1, -0.5, 0, 0.5, 1]),
    ],
)
def test_ticks_by_hand(low, high, expected):
    got = ticks(low, high)
    assert got[0] == pytest.approx(expected[0])
    assert got[-1] == pytest.approx(expected[-1])
    assert got == pytest.approx(expected)


@given(LOSSES, LOSSES)
def test_ticks_enclose_what_they_measure(a, b):
    low, high = min(a, b), max(a, b)
    got = ticks(low, high)
    slack = 1e-9 * max(1.0, abs(low), abs(high))
    assert 2 <= len(got) <= 8
    assert got[0] <= low + slack
    assert got[-1] >= high - slack
    assert got == sorted(set(got))


@given(
    st.lists(st.tuples(st.integers(0, 5000), LOSSES), max_size=30),
    st.lists(st.tuples(st.integers(0, 5000), LOSSES), max_size=5),
)
def test_a_chart_is_well_formed_and_stays_in_its_frame(training, validation):
    svg = loss_chart(training, validation, label="Loss & <steps>")
    if not training and not validation:
        assert svg == ""
        return
    root = ET.fromstring(svg)
    assert root.get("aria-label") == "Loss & <steps>"
    xy = [tuple(map(float, pair.split(","))) for line in root.iter("polyline") for pair in line.get("points").split()]
    xy += [(float(dot.get("cx")), float(dot.get("cy"))) for dot in root.iter("circle")]
    assert len(list(root.iter("circle"))) == len(validation)
    for x, y in xy:
        assert LEFT - 0.1 <= x <= WIDTH - RIGHT + 0.1
        assert TOP - 0.1 <= y <= HEIGHT - BOTTOM + 0.1


SIZES = st.tuples(st.integers(257, 300_000), st.floats(0.5, 8))


@given(
    st.lists(st.lists(SIZES, max_size=8, unique_by=lambda one: one[0]).map(sorted), min_size=1, max_size=4),
    st.lists(SIZES, max_size=3),
)
def test_a_chart_of_sizes_is_well_formed_and_stays_in_its_frame(curves, others):
    named = [(f"<{i}>" if i else "", points) for i, points in enumerate(curves)]
    svg = size_chart(named, [("other & co", size, y) for size, y in others], label="Sizes & <all>")
    if not curves[0] and svg == "":
        return
    if len(next(points for points in curves if points)) < 2:
        assert svg == ""
        return
    root = ET.fromstring(svg)
    assert root.get("aria-label") == "Sizes & <all>"
    xy = [tuple(map(float, pair.split(","))) for line in root.iter("polyline") for pair in line.get("points").split()]
    xy += [(float(dot.get("cx")), float(dot.get("cy"))) for dot in root.iter("circle")]
    assert len(list(root.iter("circle"))) == len(others)
    for x, y in xy:
        assert LEFT - 0.1 <= x <= WIDTH - RIGHT + 0.1
        assert TOP - 0.1 <= y <= HEIGHT - BOTTOM + 0.1


def test_sizes_stand_by_their_logarithm_and_names_apart():
    curves = [("", [(512, 2.0), (1024, 3.0), (2048, 4.0)]), ("a", [(512, 2.0), (2048, 4.0)])]
    svg = size_chart(curves, [("b", 2048, 4.0)], label="x")
    (points, *_) = re.findall(r'points="([^"]+)"', svg)
    x0, x1, x2 = (float(pair.split(",")[0]) for pair in points.split())
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.15)
    texts = {one.text: float(one.get("y")) for one in ET.fromstring(svg).iter("text")}
    assert {"512", "1k", "2k", "a", "b"} <= texts.keys()
    assert abs(texts["a"] - texts["b"]) >= 10


def test_a_round_size_ends_at_the_tick_of_the_power_above():
    texts = {
        one.text for one in ET.fromstring(size_chart([("", [(8000, 2.0), (32000, 3.0)])], [], label="x")).iter("text")
    }
    assert {"8k", "16k", "32k"} <= texts
    assert "64k" not in texts


def test_names_stand_below_a_point_where_there_is_no_room_at_its_right():
    curves = [("", [(512, 2.0), (16000, 3.0)])]
    svg = size_chart(curves, [("short", 50000, 3.0), ("a-name-of-twenty-two-c", 50000, 2.5)], label="x")
    at = {one.text: one.attrib for one in ET.fromstring(svg).iter("text")}
    dot, other = (one.attrib for one in ET.fromstring(svg).iter("circle"))
    assert float(at["short"]["x"]) == pytest.approx(float(dot["cx"]) + 5, abs=0.1)
    assert at["a-name-of-twenty-two-c"]["x"] == str(WIDTH)
    assert at["a-name-of-twenty-two-c"]["text-anchor"] == "end"
    assert float(at["a-name-of-twenty-two-c"]["y"]) >= float(other["cy"]) + 3


def test_a_narrow_range_of_sizes_has_its_ends_as_ticks():
    svg = size_chart([("", [(16000, 2.0), (18000, 3.0)])], [], label="x")
    assert {"16,000", "18,000"} <= {one.text for one in ET.fromstring(svg).iter("text")}


def test_a_falling_loss_falls_in_the_picture():
    svg = loss_chart([(1, 9.0), (100, 4.0)], [], label="x")
    (points,) = re.findall(r'points="([^"]+)"', svg)
    (x0, y0), (x1, y1) = (map(float, pair.split(",")) for pair in points.split())
    assert x0 < x1
    assert y0 < y1  # downwards on the screen


def test_points_that_are_not_finite_are_left_out():
    svg = loss_chart([(1, 2.0), (2, math.nan), (3, 1.0)], [(0, math.inf)], label="x")
    assert "nan" not in svg
    assert "inf" not in svg
    assert svg.count(",") == 2


def test_thinning_keeps_the_ends_and_the_order():
    points = [(i, float(i)) for i in range(1000)]
    thin = thinned(points)
    assert (len(thin), thin[0], thin[-1]) == (MAX_POINTS, points[0], points[-1])
    assert list(thin) == sorted(set(thin))
    assert thinned(points[:10]) == points[:10]


@pytest.mark.parametrize(("fraction", "width"), [(0, "0.00"), (0.658, "65.80"), (1, "100.00"), (1.2, "100.00")])
def test_a_bar_is_as_long_as_its_share(fraction, width):
    fill = ET.fromstring(share_bar(fraction)).findall("rect")[1]
    assert fill.get("width") == width
