import pytest

from pipeline.io.reasons import BadRecordError, NotADocumentError
from pipeline.io.web_page import decoded, page_text

HTML = '<html><head><meta charset="{}"></head><body><p>{}</p></body></html>'


@pytest.mark.parametrize(
    ("body", "charset", "text"),
    [
        ("naïve".encode(), "iso-8859-1", "naïve"),
        (b"\xef\xbb\xbf" + "ü".encode(), None, "ü"),
        ("naïve".encode("cp1252"), "ISO-8859-1", "naïve"),
        ("привет".encode("cp1251"), "windows-1251", "привет"),
        ("привет мир, как дела".encode("koi8-r"), "koi8-r", "привет мир, как дела"),
        ("日本語".encode("iso-2022-jp"), "iso-2022-jp", "日本語"),
        (b"na\xefve", "no such charset", "naïve"),
        (b"", None, ""),
    ],
)
def test_a_body_is_decoded_by_the_best_label_there_is(body, charset, text):
    assert decoded(body, charset, is_html=False) == text


def test_a_page_that_names_its_own_charset_is_believed_where_the_server_is_silent():
    page = HTML.format("windows-1251", "привет").encode("cp1251")
    assert page_text(page, "text/html", None) == "привет"


def test_only_pages_and_plain_text_are_documents():
    assert page_text(b"<b>as it is</b>", "text/plain; charset=utf-8", "utf-8") == "<b>as it is</b>"
    assert page_text(b"<b>bold</b>", "TEXT/HTML", None) == "bold"
    for content_type in ("image/png", "", "text/css"):
        with pytest.raises(NotADocumentError, match="content_type"):
            page_text(b"x", content_type, None)


def test_navigation_and_scripts_are_left_out_and_blocks_are_lines():
    page = b"<body><nav><a href=x>Menu</a></nav><script>code()</script><main><p>One.</p><p>Two.</p></main></body>"
    assert page_text(page, "text/html", None).split("\n\n") == ["One.", "Two."]


@pytest.mark.parametrize(
    "page",
    [
        b"<div>" * 20_000 + b"deep",
        b"<i><b>" * 300 + b"deep",
        b"<p " + b"".join(b"a%d " % i for i in range(40_000)) + b">x",
    ],
)
def test_markup_that_would_take_minutes_is_bad(page):
    with pytest.raises(BadRecordError, match="bad_html"):
        page_text(page, "text/html", None)


def test_a_page_too_large_for_a_tree_is_quarantined():
    with pytest.raises(BadRecordError, match="record_too_large"):
        page_text(b"<p>" + b"x" * 2**24, "text/html", None)


def test_a_page_without_a_byte_is_empty():
    assert page_text(b"", "text/html", None) == ""


def test_markup_that_is_merely_large_is_read():
    style = b"<p style='" + b"a: b; " * 50_000 + b"'>styled</p>"
    assert "styled" in page_text(style, "text/html", None)
    assert "nested" in page_text(b"<div>" * 400 + b"nested", "text/html", None)
