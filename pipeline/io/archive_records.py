"""Archive records to documents: WET texts as they are, fetched pages through HTML extraction, the rest skipped.

fastwarc parses WARC headers and HTTP, warcio the header line of ARC, whose body is then read as a WARC response's.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

from fastwarc.warc import WarcRecord, WarcRecordType
from warcio.recordloader import ARCHeadersParser
from warcio.statusandheaders import StatusAndHeadersParserException
from warcio.timeutils import timestamp_to_iso_date

from pipeline.config import InputConfig
from pipeline.io.archive import Dialect, Record
from pipeline.io.archive_frames import Run
from pipeline.io.gather import Gather
from pipeline.io.reasons import MAX_RECORD_BYTES, BadRecordError, Lost, NotADocumentError, QuarantineReason, SkipReason
from pipeline.io.web_page import page_text

_SKIPPED = {
    int(WarcRecordType.warcinfo): SkipReason.WARC_WARCINFO,
    int(WarcRecordType.request): SkipReason.WARC_REQUEST,
    int(WarcRecordType.metadata): SkipReason.WARC_METADATA,
    int(WarcRecordType.revisit): SkipReason.WARC_REVISIT,
    int(WarcRecordType.continuation): SkipReason.WARC_CONTINUATION,
}
_READ_BYTES = 2**20
_HTTP = ("http://", "https://")
_CHUNK_SIZE = re.compile(rb"[0-9a-fA-F]+[ \t]*(;[^\n]*)?\r?\n")
_WARC_HEAD = b"WARC/1.0\r\nWARC-Type: response\r\nContent-Type: application/http\r\nContent-Length: %d\r\n\r\n"


def read_archive(runs: Iterator[Run], gather: Gather, dialect: Dialect, config: InputConfig) -> Iterator[None]:
    """Gather the documents of a WARC, WET or ARC file; yields where a batch may be taken.

    A document is a conversion record of plain text, or a page that was fetched with status 200 (a response, or a
    resource under an http address) as HTML or plain text. Its id is the WARC-Record-ID, its url the target; `date`,
    `content_type` and `languages` (as the crawl identified them) are its other fields.
    """
    for run in runs:
        gather.records += len(run.records)
        for record in run.records:
            if isinstance(record, Lost):
                gather.lose(*record)
            else:
                _take_record(gather, record, dialect, config)
        if run.plain:
            text = run.plain.columns["text"]
            gather.records += len(text)
            gather.documents(run.plain.columns, text.nbytes)
        yield


def _take_record(gather: Gather, record: Record, dialect: Dialect, config: InputConfig) -> None:
    try:
        found = _arc_fields(record) if dialect.name == "arc" else _warc_fields(record.data)
    except NotADocumentError as other:
        gather.skip(record.position, other.reason)
    except BadRecordError as bad:
        gather.lose(record.position, bad.reason, record.data)
    except OSError:
        gather.lose(record.position, QuarantineReason.BAD_WARC_RECORD, record.data)
    else:
        names = {"text": config.text, "id": config.id, "url": config.url}
        fields = {names.get(name, name): value for name, value in found.items() if value is not None}
        gather.record(record.position, fields, record.data)


def _warc_fields(data: bytes) -> dict[str, str | None]:
    record = WarcRecord.from_bytes(data)
    kind, headers = int(record.record_type), record.headers
    if kind in _SKIPPED:
        raise NotADocumentError(_SKIPPED[kind])
    url = (headers.get("WARC-Target-URI") or "").strip("<>") or None
    content_type = headers.get("Content-Type") or ""
    if kind == int(WarcRecordType.conversion):
        text = _conversion_text(record, content_type)
    elif kind == int(WarcRecordType.response):
        text, content_type = _response_text(data)
    elif kind == int(WarcRecordType.resource) and url and url.startswith(_HTTP):
        text = page_text(_body(record), content_type, None)
    else:
        raise NotADocumentError(SkipReason.WARC_OTHER)
    return {
        "text": text,
        "id": record.record_id,
        "url": url,
        "date": headers.get("WARC-Date"),
        "content_type": content_type.partition(";")[0].strip() or None,
        "languages": headers.get("WARC-Identified-Content-Language"),
    }


def _conversion_text(record: WarcRecord, content_type: str) -> str:
    if content_type.partition(";")[0].strip().lower() not in ("text/plain", ""):
        raise NotADocumentError(SkipReason.CONTENT_TYPE)
    try:
        return _body(record).decode()
    except UnicodeDecodeError as error:
        raise BadRecordError(QuarantineReason.INVALID_UTF8) from error


def _response_text(data: bytes) -> tuple[str, str]:
    """(text, content type) of a fetched page; `data` is its whole WARC record."""
    record = WarcRecord.from_bytes(data)
    if not record.is_http:
        raise NotADocumentError(SkipReason.CONTENT_TYPE)
    try:
        record.parse_http(auto_decode="all", quirks_mode=True)
        body = _body(record)
    except OSError:
        record = WarcRecord.from_bytes(data)
        body = _undecoded(record)
    status = record.http_headers.status_code
    if status is None:
        raise BadRecordError(QuarantineReason.BAD_HTTP)
    if status != 200:
        raise NotADocumentError(SkipReason.HTTP_STATUS)
    content_type = record.http_content_type or ""
    return page_text(body, content_type, record.http_charset), content_type


def _undecoded(record: WarcRecord) -> bytes:
    """The body as it stands, where it does not have the encoding that its header claims: crawlers often store pages
    decoded and leave the header. Anything that is no text, or half of a chunked body, is quarantined.
    """
    try:
        record.parse_http(quirks_mode=True)
        body = _body(record)
        body.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise BadRecordError(QuarantineReason.BAD_HTTP) from error
    if _CHUNK_SIZE.match(body):
        raise BadRecordError(QuarantineReason.BAD_HTTP)
    return body


def _body(record: WarcRecord) -> bytes:
    """The rest of a record, decoded; read in steps, since a few bytes of it may claim to be gigabytes."""
    body = bytearray()
    while chunk := record.reader.read(_READ_BYTES):
        body += chunk
        if len(body) > MAX_RECORD_BYTES:
            raise BadRecordError(QuarantineReason.RECORD_TOO_LARGE)
    return bytes(body)


def _arc_fields(record: Record) -> dict[str, str | None]:
    """Fields of an ARC record: its header line through warcio, its body as that of a WARC response."""
    try:
        header = ARCHeadersParser().parse(io.BytesIO(record.data[: record.head_bytes]))
        date = timestamp_to_iso_date(header.get_header("archive-date"))
    except (StatusAndHeadersParserException, ValueError) as error:
        raise BadRecordError(QuarantineReason.BAD_WARC_RECORD) from error
    url = header.get_header("uri")
    if url.startswith("filedesc:"):
        raise NotADocumentError(SkipReason.ARC_HEADER)
    if not url.startswith(_HTTP):
        raise NotADocumentError(SkipReason.CONTENT_TYPE)
    body = record.data[record.head_bytes :]
    text, content_type = _response_text(_WARC_HEAD % len(body) + body)
    return {"text": text, "url": url, "date": date, "content_type": content_type or None}
