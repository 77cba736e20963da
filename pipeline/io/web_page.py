"""A fetched web page to its text: decoding, and HTML to plain text with resiliparse.

`main_content=True` leaves out navigation, headers and footers, as DCLM and Dolma do; alternative texts of images are
left out, links too. Block structure stays, as lines.
"""

from __future__ import annotations

import codecs
import re

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.encoding import bytes_to_str, detect_encoding, map_encoding_to_html5
from resiliparse.parse.html import HTMLParserException, HTMLTree

from pipeline.io.reasons import BadRecordError, NotADocumentError, QuarantineReason, SkipReason

_HTML = frozenset({"text/html", "application/xhtml+xml"})

# Extraction takes time quadratic in nesting (21 s for 20,000 open <div>), parsing in the attributes of one element (6 s
# for 40,000), so pages beyond these are quarantined. Browsers stop nesting at 512; real pages stay below 300.
_TOO_DEEP = " > ".join(["*"] * 512)
_TOO_MANY_ATTRIBUTES = re.compile(
    r"""<[a-zA-Z][^\s>]*+(?:\s++[^\s"'>/=]++(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s"'>]++))?+){2000}+"""
)
_MAX_HTML_CHARS = 2**24  # a tree takes some twenty times its page
_HARMLESS_CHARS = 2**17  # fewer attributes than that many characters can hold cost little


def page_text(body: bytes, content_type: str, charset: str | None) -> str:
    """Text of a page: HTML extracted, text/plain as it is; NotADocumentError for any other type.

    charset: what the server said, if anything. BadRecordError for HTML that can't be read in reasonable time.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in _HTML and kind != "text/plain":
        raise NotADocumentError(SkipReason.CONTENT_TYPE)
    text = decoded(body, charset, is_html=kind in _HTML)
    return _extracted(text) if kind in _HTML else text


def _extracted(html: str) -> str:
    if len(html) > _MAX_HTML_CHARS:
        raise BadRecordError(QuarantineReason.RECORD_TOO_LARGE)
    if len(html) > _HARMLESS_CHARS and _TOO_MANY_ATTRIBUTES.search(html):
        raise BadRecordError(QuarantineReason.BAD_HTML)
    try:
        tree = HTMLTree.parse(html)
        if tree.document is not None and tree.document.query_selector(_TOO_DEEP) is not None:
            raise BadRecordError(QuarantineReason.BAD_HTML)
        return extract_plain_text(tree, main_content=True, alt_texts=False)
    except HTMLParserException as error:
        raise BadRecordError(QuarantineReason.BAD_HTML) from error


def decoded(body: bytes, charset: str | None, *, is_html: bool) -> str:
    """The body as text. What is valid UTF-8 is UTF-8, whatever the labels say; else the server's charset, else the
    page's own, else uchardet's guess, else Windows-1252. ISO-2022 texts are valid UTF-8 too and known by their escapes.
    """
    if b"\x1b" not in body:
        try:
            return body.removeprefix(codecs.BOM_UTF8).decode()
        except UnicodeDecodeError:
            pass
    named = map_encoding_to_html5(charset, fallback_utf8=False) if charset else None
    encoding = named or detect_encoding(body, from_html_meta=is_html) or "windows-1252"
    return bytes_to_str(body, encoding, errors="replace")
