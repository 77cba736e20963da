import gzip

import pytest

from tests.archives import ARC_HEADER, COMPRESS, arc_record, http, response, warc_record, wet_record
from tests.reading import read_bytes
from tests.shared_data import shared

PAGE = b"<html><body><main><p>Some words of a page.</p></main></body></html>"
WORDS = "Some words of a page."


def test_a_wet_record_is_its_text(tmp_path):
    data = warc_record("warcinfo", b"x") + wet_record("text\nü\n", "http://b.org/")
    found = read_bytes(tmp_path, "a.wet", data, "wet")
    (row,) = found.documents
    assert (row["text"], row["url"], row["id"]) == ("text\nü\n", "http://b.org/", "<urn:uuid:0008>")
    assert row["meta"] == '{"content_type": "text/plain", "date": "2020-01-02T03:04:05Z"}'
    assert row["position"] == len(warc_record("warcinfo", b"x"))
    assert found.skipped == {"warc_warcinfo": 1}


def test_a_field_of_the_record_can_be_lifted(tmp_path):
    found = read_bytes(tmp_path, "a.wet", wet_record("text"), "wet", columns={"date": "string"})
    assert found.documents[0]["date"] == "2020-01-02T03:04:05Z"
    assert found.documents[0]["meta"] == '{"content_type": "text/plain"}'


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (warc_record("request", b"GET / HTTP/1.1\r\n\r\n"), "warc_request"),
        (warc_record("metadata", b"{}"), "warc_metadata"),
        (warc_record("revisit", b""), "warc_revisit"),
        (warc_record("continuation", b"x"), "warc_continuation"),
        (warc_record("invented", b"x"), "warc_other"),
        (warc_record("resource", b"log", url="metadata://wget.log"), "warc_other"),
        (warc_record("resource", b"png", content_type="image/png"), "content_type"),
        (warc_record("conversion", b"{}", content_type="application/json"), "content_type"),
        (warc_record("response", b"dns", url="dns:a.org", content_type="text/dns"), "content_type"),
        (response(http(PAGE, status="404 Not Found")), "http_status"),
        (response(http(PAGE, status="301 Moved")), "http_status"),
        (response(http(b"\x89PNG", content_type="image/png")), "content_type"),
        (response(http(b"{}", content_type="application/json")), "content_type"),
        (response(http(b"<html></html>")), "empty_text"),
    ],
)
def test_what_was_never_a_document_is_skipped_by_its_reason(tmp_path, record, reason):
    found = read_bytes(tmp_path, "a.warc", wet_record("one") + record + wet_record("two"), "warc")
    assert (found.texts, found.quarantine, found.skipped) == (["one", "two"], [], {reason: 1})


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (http(PAGE), WORDS),
        (http(PAGE, content_type="Application/XHTML+xml; charset=utf-8"), WORDS),
        (http(b"plain <b>", content_type="text/plain"), "plain <b>"),
        (http(gzip.compress(PAGE), headers=["Content-Encoding: gzip"]), WORDS),
        (http(b"%x\r\n%s\r\n0\r\n\r\n" % (len(PAGE), PAGE), headers=["Transfer-Encoding: chunked"]), WORDS),
        (http(PAGE, headers=["Content-Encoding: gzip"]), WORDS),
        (http(PAGE, headers=["Content-Encoding: zebra"]), WORDS),
        (http(PAGE, headers=["Transfer-Encoding: chunked"]), WORDS),
        (http(PAGE).replace(b"\r\n", b"\n"), WORDS),
        (http("naïve".encode("cp1252"), content_type="text/plain; charset=iso-8859-1"), "naïve"),
    ],
)
def test_a_fetched_page_becomes_its_text(tmp_path, message, text):
    found = read_bytes(tmp_path, "a.warc", response(message), "warc")
    assert (found.texts, found.reasons) == ([text], [])


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (response(b"no http at all"), "bad_http"),
        (response(http(b"\xff\xfe\x00", headers=["Content-Encoding: gzip"])), "bad_http"),
        (response(http(b"5\r\nhello\r\n10\r\ncut", headers=["Transfer-Encoding: chunked"])), "bad_http"),
        (wet_record(b"\xff"), "invalid_utf8"),
        (wet_record(b"a\0b"), "nul_character"),
    ],
)
def test_what_should_have_been_one_and_cannot_be_read_is_quarantined(tmp_path, record, reason):
    found = read_bytes(tmp_path, "a.warc", wet_record("one") + record + wet_record("two"), "warc")
    assert (found.texts, found.reasons) == (["one", "two"], [reason])


def test_a_page_that_unpacks_to_too_much_is_quarantined(tmp_path, monkeypatch):
    monkeypatch.setattr("pipeline.io.archive_records.MAX_RECORD_BYTES", 2**21)
    bomb = http(gzip.compress(bytes(2**26)), headers=["Content-Encoding: gzip"])
    found = read_bytes(tmp_path, "a.warc", response(bomb) + wet_record("two"), "warc")
    assert (found.texts, found.reasons) == (["two"], ["record_too_large"])


@pytest.mark.parametrize("kind", ["plain", "gzip", "whole gzip"])
def test_arc_records_are_read_as_responses(tmp_path, kind):
    records = [
        ARC_HEADER,
        arc_record("dns:a.org", b"127.0.0.1", "text/dns"),
        arc_record("http://a.org/", http(PAGE)),
        arc_record("http://b.org/", http(PAGE, status="404 Not Found")),
        arc_record("http://c.org/", b"no http"),
        arc_record("http://d.org/ d", http(b"last", content_type="text/plain")),
    ]
    whole = b"".join(records)
    stored = {"plain": whole, "gzip": b"".join(map(gzip.compress, records)), "whole gzip": gzip.compress(whole)}
    found = read_bytes(tmp_path, "a.arc", stored[kind], "warc", slice_bytes=1000)
    assert found.texts == [WORDS, "last"]
    assert found.reasons == ["bad_http"]
    assert found.skipped == {"arc_header": 1, "content_type": 1, "http_status": 1}
    assert found.documents[0]["meta"] == '{"content_type": "text/html", "date": "2020-01-02T03:04:05Z"}'
    assert found.documents[1]["url"] == "http://d.org/ d"


@pytest.mark.parametrize("kind", COMPRESS)
def test_one_archive_gives_the_same_texts_however_it_is_stored(tmp_path, kind):
    records = [wet_record(f"text {i} " * (i % 7 + 1)) for i in range(30)]
    plain = read_bytes(tmp_path, "a.wet", b"".join(records), "wet")
    whole = read_bytes(tmp_path, "b.wet", COMPRESS[kind](b"".join(records)), "wet")
    framed = read_bytes(tmp_path, "c.wet", b"".join(map(COMPRESS[kind], records)), "wet", slice_bytes=300)
    assert plain.texts == whole.texts == framed.texts
    assert len(plain.texts) == 30
    assert [row["position"] for row in plain.documents] == [row["position"] for row in whole.documents]


def test_a_real_arc_is_read_as_warcio_reads_it(tmp_path):
    from warcio.archiveiterator import ArchiveIterator

    path = shared("web/warc/aut-example.arc.gz")
    with path.open("rb") as file:
        pages = [
            record.rec_headers.get_header("uri")
            for record in ArchiveIterator(file)
            if record.http_headers
            and record.http_headers.get_statuscode() == "200"
            and (record.http_headers.get_header("content-type") or "").startswith(("text/html", "text/plain"))
        ]
    found = read_bytes(tmp_path, "a.arc.gz", path.read_bytes(), "warc")
    assert [row["url"] for row in found.documents if row["url"] in set(pages)] == [
        row["url"] for row in found.documents
    ]
    assert len(pages) == len(found.documents) + found.skipped["empty_text"] > 100
