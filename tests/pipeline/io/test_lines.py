from hypothesis import given
from hypothesis import strategies as st

from pipeline.io import lines
from pipeline.io.compression import BrokenFrameError, Flow
from pipeline.io.lines import drop_line, line_blocks
from pipeline.io.reasons import Lost, QuarantineReason
from tests.oracles import readers as oracle

ODD = [b"a", b"\n", b"\r\n", b"\r", b"\v", b"\x85", "\u2028\u0085".encode(), b"\0", b" ", b"longer text"]


def _flow(data: bytes, step: int, start: int = 0) -> Flow:
    if start == 0:
        return Flow(iter([data[i : i + step] for i in range(0, len(data), step)]))
    flow = Flow(iter([data[i : i + step] for i in range(start - 1, len(data), step)]), start - 1)
    drop_line(flow)
    return flow


def _lines(blocks) -> list[tuple[int, bytes]]:
    found = []
    for block in blocks:
        assert not isinstance(block, Lost)
        assert block.lines
        found += block.numbered()
    return found


@given(data=st.lists(st.sampled_from(ODD), max_size=30).map(b"".join), step=st.integers(1, 9), size=st.integers(1, 40))
def test_any_pieces_of_a_file_hold_its_lines_once_and_in_order(data, step, size):
    expected = oracle.lines(data)
    assert _lines(line_blocks(_flow(data, step))) == expected
    starts = range(0, len(data), size)
    pieces = [line for at in starts for line in _lines(line_blocks(_flow(data, step, at), at + size))]
    assert pieces == expected


def test_only_a_line_feed_ends_a_line():
    text = "one\u2028still\u0085one\vand\fhere\r\ntwo\rtwo"
    assert [line for _, line in _lines(line_blocks(_flow(text.encode(), 5)))] == [
        "one\u2028still\u0085one\vand\fhere\r".encode(),
        b"two\rtwo",
    ]


@given(step=st.integers(1, 64))
def test_a_line_too_long_to_hold_is_lost_alone(step):
    data = b"first\n" + b"x" * 50 + b"\nlast\n" + b"y" * 21 + b"\n" + b"z" * 20
    before = lines.MAX_RECORD_BYTES
    lines.MAX_RECORD_BYTES = 20
    try:
        found = list(line_blocks(_flow(data, step)))
    finally:
        lines.MAX_RECORD_BYTES = before
    lost = [one for one in found if isinstance(one, Lost)]
    assert [(one.position, one.reason) for one in lost] == [
        (6, QuarantineReason.RECORD_TOO_LARGE),
        (62, QuarantineReason.RECORD_TOO_LARGE),
    ]
    kept = [line for one in found if not isinstance(one, Lost) for line in one.lines]
    assert kept == [b"first", b"last", b"z" * 20]


def test_a_stream_that_breaks_loses_its_last_line_only():
    def broken():
        yield b"one\ntwo\nthr"
        raise BrokenFrameError(QuarantineReason.TRUNCATED_GZIP)

    block, lost = line_blocks(Flow(broken()))
    assert block.lines == [b"one", b"two"]
    assert lost == Lost(8, QuarantineReason.TRUNCATED_GZIP, b"thr")
