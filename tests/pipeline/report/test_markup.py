"""Pieces of HTML: well-formed, escaped where they take plain text, empty where there is nothing."""

import xml.etree.ElementTree as ET

from pipeline.report.markup import bullets, folded, framed, numbers, pairs_list, share, table


def test_a_table_names_its_columns_and_its_rows():
    root = ET.fromstring(
        table(["Folder", "Files"], [["documents/", "3"], ["dropped/", "1"]]).replace("class=n", 'class="n"')
    )
    assert [(th.get("scope"), th.text) for th in root.iter("th")] == [
        ("col", "Folder"),
        ("col", "Files"),
        ("row", "documents/"),
        ("row", "dropped/"),
    ]
    assert [td.text for td in root.iter("td")] == ["3", "1"]


def test_a_frame_scrolls_and_can_be_reached_by_keyboard():
    root = ET.fromstring(framed(["A"], "<tbody></tbody>", name="wide"))
    assert (root.get("class"), root.get("tabindex"), root.get("role"), root.get("aria-label")) == (
        "scroll",
        "0",
        "region",
        "A",
    )


def test_plain_text_is_escaped():
    nasty = '<script>alert(1)</script> & "quotes"'
    for html in (bullets([nasty]), pairs_list("figures", [(nasty, nasty)])):
        assert "<script" not in html
        assert "&lt;script&gt;" in html


def test_nothing_makes_nothing():
    assert [table(["A"], []), bullets([]), pairs_list("tiles", []), share(None)] == [""] * 4


def test_a_share_is_a_bar_and_a_number():
    assert "<span>&lt;0.1%</span>" in share(0.0001)
    assert share(0.5).count("<rect") == 2


def test_numbers_and_folds():
    assert numbers(["1", "2"]) == '<td class="n">1</td><td class="n">2</td>'
    assert folded("Title", "<p>x</p>") == "<details><summary>Title</summary><p>x</p></details>"
