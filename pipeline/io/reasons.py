"""Why a record is no document: every quarantine and skip reason of the readers, and the sizes they are held to.

Decided here once, for every format:
- A text that holds a NUL byte is quarantined: it is a binary file, or a text that tools after us would cut short.
- An empty text (no character at all) is skipped; white space is text. A blank line of a JSONL file is no record.
- A byte order mark at the start of a file is dropped.
- What can't be read any further (a cut gzip, a JSON array that never closes) is one quarantined record, at the
  position where reading stopped; everything before it is kept.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

MAX_RECORD_BYTES = 100 * 2**20
"""A record above this is quarantined, never held in memory."""
KEPT_BYTES = 64 * 2**10
"""So much of a quarantined record is kept in the `bytes` column."""


class QuarantineReason(StrEnum):
    """Unreadable: what the `reason` column of quarantine/ can say."""

    BAD_JSON = "bad_json"
    NOT_AN_OBJECT = "not_an_object"
    INVALID_UTF8 = "invalid_utf8"
    INVALID_SURROGATE = "invalid_surrogate"
    NUL_CHARACTER = "nul_character"
    MISSING_TEXT = "missing_text"
    BAD_TEXT = "bad_text"
    BAD_COLUMN = "bad_column"
    BAD_MESSAGES = "bad_messages"
    BAD_CSV_ROW = "bad_csv_row"
    BAD_WARC_RECORD = "bad_warc_record"
    BAD_HTTP = "bad_http"
    BAD_HTML = "bad_html"
    RECORD_TOO_LARGE = "record_too_large"
    TRUNCATED_RECORD = "truncated_record"
    TRUNCATED_GZIP = "truncated_gzip"
    TRUNCATED_ZSTD = "truncated_zstd"
    TRUNCATED_LZ4 = "truncated_lz4"
    CORRUPT_GZIP = "corrupt_gzip"
    CORRUPT_ZSTD = "corrupt_zstd"
    CORRUPT_LZ4 = "corrupt_lz4"
    CORRUPT_PARQUET = "corrupt_parquet"
    CORRUPT_ARROW = "corrupt_arrow"


class SkipReason(StrEnum):
    """Never a document: counted, not kept."""

    EMPTY_TEXT = "empty_text"
    HTTP_STATUS = "http_status"
    CONTENT_TYPE = "content_type"
    ARC_HEADER = "arc_header"
    WARC_WARCINFO = "warc_warcinfo"
    WARC_REQUEST = "warc_request"
    WARC_METADATA = "warc_metadata"
    WARC_REVISIT = "warc_revisit"
    WARC_CONTINUATION = "warc_continuation"
    WARC_OTHER = "warc_other"


class Lost(NamedTuple):
    """A stretch of a file that was framed as one record and can't be read; `raw` is its start, KEPT_BYTES at most."""

    position: int
    reason: QuarantineReason
    raw: bytes


class BadRecordError(ValueError):
    """One record can't become a document."""

    def __init__(self, reason: QuarantineReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class NotADocumentError(ValueError):
    """One record was never meant to be a document."""

    def __init__(self, reason: SkipReason) -> None:
        super().__init__(reason.value)
        self.reason = reason
