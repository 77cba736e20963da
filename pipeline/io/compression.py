"""Compressed files as plain bytes, in bounded steps: gzip, zstd and LZ4 frames, one or many, known by magic bytes.

No step yields more than STEP_BYTES (zstd: 128 MiB for a hostile frame, whose 4 KiB of input can hold 1024 blocks of
128 KiB), so a zip bomb costs time and never memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import lz4.frame
import zstandard
from isal import isal_zlib

from pipeline.io.reasons import QuarantineReason
from pipeline.io.stored import StoredBytes

Kind = Literal["plain", "gzip", "zstd", "lz4"]
STEP_BYTES = 2**20
HEAD_BYTES = 2**14
_FEED_BYTES = {"gzip": 2**14, "lz4": 2**14, "zstd": 2**12}
_MAGIC = {"gzip": b"\x1f\x8b\x08", "zstd": b"\x28\xb5\x2f\xfd", "lz4": b"\x04\x22\x4d\x18"}
_SKIPPABLE = b"\x2a\x4d\x18"
_UNSUPPORTED = {"bzip2": b"BZh", "xz": b"\xfd7zXZ\x00", "zip": b"PK\x03\x04", "7z": b"7z\xbc\xaf\x27\x1c"}
_BZIP2_BLOCK = b"1AY&SY"


class BrokenFrameError(Exception):
    """Compressed bytes that end too soon or make no sense."""

    def __init__(self, reason: QuarantineReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


def kind_of(head: bytes) -> Kind:
    """How a file that starts with `head` (4 bytes are enough) is compressed."""
    for kind in ("gzip", "zstd", "lz4"):
        if opens_frame(head, kind):
            return kind
    return "plain"


def opens_frame(head: bytes, kind: Kind) -> bool:
    """True where a frame of this kind can start with `head`; skippable frames (RFC 8878, 3.1.2) count as zstd."""
    if kind == "gzip":
        return head.startswith(_MAGIC["gzip"]) and (len(head) < 4 or not head[3] & 0xE0)
    is_skippable = head[1:4] == _SKIPPABLE and head[:1] >= b"\x50" and head[:1] <= b"\x5f"
    return head.startswith(_MAGIC[kind]) or (is_skippable and kind == "zstd")


def unsupported_kind(head: bytes) -> str | None:
    """Name of a compression that we don't read, None for anything else. `head`: the file's first 16 bytes."""
    for name, magic in _UNSUPPORTED.items():
        if head.startswith(magic) and (name != "bzip2" or head[4:10] == _BZIP2_BLOCK):
            return name
    return None


def magic_of(kind: Kind) -> bytes:
    """First bytes of every frame of this kind that holds data."""
    return _MAGIC[kind]


class Frame:
    """One compressed frame of a stored file.

    head: the first HEAD_BYTES of what it holds, as far as `chunks` came. end: the offset behind it, known once `chunks`
    has run out.
    """

    def __init__(self, stored: StoredBytes, at: int, kind: Kind) -> None:
        self._stored, self._at, self._kind = stored, at, kind
        self.head = b""
        self.end: int | None = None

    def chunks(self) -> Iterator[bytes]:
        """Decompressed bytes in bounded steps; BrokenFrameError where they end too soon or fail a check."""
        at, decoder = self._at, _decoder(self._kind)
        try:
            while not decoder.eof:
                data = self._stored.read_at(at, _FEED_BYTES[self._kind])
                if not data:
                    raise BrokenFrameError(QuarantineReason(f"truncated_{self._kind}"))
                at += len(data)
                for chunk in _feed(decoder, data, self._kind):
                    if len(self.head) < HEAD_BYTES:
                        self.head += chunk[: HEAD_BYTES - len(self.head)]
                    yield chunk
        except (isal_zlib.error, zstandard.ZstdError, RuntimeError) as error:  # type: ignore[misc]  # isal's stub
            raise BrokenFrameError(QuarantineReason(f"corrupt_{self._kind}")) from error
        self.end = at - len(decoder.unused_data or b"")


def _decoder(kind: Kind):  # type: ignore[no-untyped-def]  # three C classes that share two names
    if kind == "gzip":
        return isal_zlib.decompressobj(wbits=31)
    return lz4.frame.LZ4FrameDecompressor() if kind == "lz4" else zstandard.ZstdDecompressor().decompressobj()


def _feed(decoder, data: bytes, kind: Kind) -> Iterator[bytes]:  # type: ignore[no-untyped-def]
    """What `data` decompresses to; isal hands unread input back, lz4 keeps it."""
    if kind == "zstd":
        yield decoder.decompress(data)
        return
    while True:
        out = decoder.decompress(data, STEP_BYTES)
        yield out
        data = decoder.unconsumed_tail if kind == "gzip" else b""
        if decoder.eof or (not data and len(out) < STEP_BYTES):
            return


def decompressed(stored: StoredBytes, kind: Kind, at: int = 0) -> Iterator[bytes]:
    """Bytes of the whole file from stored offset `at` on, through all its frames; zero padding may follow the last.

    BrokenFrameError where a frame is cut or fails, or something else follows a frame.
    """
    if kind == "plain":
        yield from stored.blocks(at)
        return
    while head := stored.read_at(at, 4):
        if not opens_frame(head, kind):
            if not is_padding(stored, at):
                raise BrokenFrameError(QuarantineReason(f"corrupt_{kind}"))
            return
        frame = Frame(stored, at, kind)
        yield from frame.chunks()
        assert frame.end is not None
        at = frame.end


def is_padding(stored: StoredBytes, at: int) -> bool:
    """True where nothing but zero bytes stands behind offset `at`, as tapes and disk images leave it."""
    return not any(block.strip(b"\0") for block in stored.blocks(at))


class Flow:
    """A decompressed stream as a buffer that fills on demand.

    `buffer` starts at offset `at` of the stream. A broken end is kept as `problem` and never raised: what came before
    it is good.
    """

    def __init__(self, chunks: Iterator[bytes], at: int = 0) -> None:
        self._chunks = chunks
        self.buffer = bytearray()
        self.at = at
        self.ended = False
        self.problem: QuarantineReason | None = None

    def more(self) -> bool:
        """Append the next bytes of the stream; False at its end."""
        try:
            for chunk in self._chunks:
                if chunk:
                    self.buffer += chunk
                    return True
        except BrokenFrameError as broken:
            self.problem = broken.reason
        self.ended = True
        return False

    def need(self, size: int) -> bool:
        """Fill the buffer to at least `size` bytes; False where the stream ends before."""
        while len(self.buffer) < size:
            if self.ended or not self.more():
                return False
        return True

    def drop(self, size: int) -> None:
        """Forget the first `size` bytes of the buffer, as far as it has them."""
        size = max(0, min(size, len(self.buffer)))
        del self.buffer[:size]
        self.at += size
