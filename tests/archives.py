"""Small WARC, WET and ARC archives made by hand, in every way an archive can be stored."""

import gzip
from collections.abc import Callable, Sequence

import lz4.frame
import zstandard

Compress = Callable[[bytes], bytes]
COMPRESS: dict[str, Compress] = {
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "zstd": zstandard.ZstdCompressor().compress,
    "lz4": lz4.frame.compress,
}


def warc_record(kind: str, body: bytes, *, url: str = "http://a.org/", content_type: str = "text/plain") -> bytes:
    """One WARC record with its ending."""
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Date: 2020-01-02T03:04:05Z\r\n"
        f"WARC-Record-ID: <urn:uuid:{len(body):04}>\r\nWARC-Target-URI: {url}\r\n"
        f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body + b"\r\n\r\n"


def wet_record(text: str | bytes, url: str = "http://a.org/") -> bytes:
    """One conversion record."""
    return warc_record("conversion", text if isinstance(text, bytes) else text.encode(), url=url)


def http(body: bytes, *, status: str = "200 OK", content_type: str = "text/html", headers: Sequence[str] = ()) -> bytes:
    """An HTTP response message."""
    head = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", *headers]
    return "\r\n".join([*head, "", ""]).encode() + body


def response(message: bytes, url: str = "http://a.org/") -> bytes:
    """One response record around an HTTP message."""
    return warc_record("response", message, url=url, content_type="application/http; msgtype=response")


def arc_record(url: str, body: bytes, content_type: str = "text/html") -> bytes:
    """One ARC 1 record with its ending."""
    return f"{url} 127.0.0.1 20200102030405 {content_type} {len(body)}\n".encode() + body + b"\n"


ARC_HEADER = arc_record(
    "filedesc://a.arc", b"1 0 us\nURL IP-address Archive-date Content-type Archive-length\n", "text/plain"
)
