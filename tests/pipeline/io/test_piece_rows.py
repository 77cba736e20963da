import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.config import InputConfig
from pipeline.io.piece_rows import OpenPiece
from pipeline.io.reading import piece_digest
from pipeline.io.slices import Piece, find_sources
from tests.archives import COMPRESS, wet_record

LINES = b"".join(b'{"text": "line %03d"}\n' % i for i in range(200))


def _whole(path, format, **settings):
    config = InputConfig(format=format, paths=(str(path),), **settings)
    (file,) = find_sources([config])
    return Piece(file, 0, file.size, True), config


def test_bytes_are_counted_as_they_are_read_and_the_rest_at_the_end(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(LINES)
    piece, config = _whole(tmp_path / "a.jsonl", "jsonl")
    with OpenPiece(piece, config, {}, 2**20) as reading:
        texts = [text for rows in reading.rows() for text in rows.documents.column("text").to_pylist()]
        assert reading.take_count() == len(LINES)
        assert reading.finish() == (piece_digest(piece), 0)
    assert texts == [f"line {i:03}" for i in range(200)]


def test_a_piece_inside_a_file_starts_at_a_line_and_may_end_behind_its_range(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(LINES)
    whole, config = _whole(tmp_path / "a.jsonl", "jsonl")
    size = len(LINES) // 200
    for start, stop, lines in ((size, 2 * size, [1]), (size + 1, 2 * size, []), (size + 1, 2 * size + 1, [2])):
        with OpenPiece(Piece(whole.file, start, stop, False), config, {}, 2**20) as reading:
            texts = [text for rows in reading.rows() for text in rows.documents.column("text").to_pylist()]
            assert texts == [f"line {i:03}" for i in lines]
            assert reading.finish()[0] == piece_digest(Piece(whole.file, start, stop, False))


def test_a_batch_is_handed_over_when_it_is_large_enough(tmp_path):
    path = tmp_path / "a.wet.gz"
    path.write_bytes(COMPRESS["gzip"](b"".join(wet_record("x" * 1000) for _ in range(50))))
    piece, config = _whole(path, "wet")
    with OpenPiece(piece, config, {}, 5000) as reading:
        sizes = [rows.documents.num_rows for rows in reading.rows()]
    assert sum(sizes) == 50
    assert set(sizes[:-1]) == {5}


def test_parquet_counts_the_share_that_is_done(tmp_path):
    pq.write_table(pa.table({"text": [f"text {i}" for i in range(100)]}), tmp_path / "a.parquet", row_group_size=25)
    piece, config = _whole(tmp_path / "a.parquet", "parquet")
    with OpenPiece(piece, config, {}, 2**20) as reading:
        counts = [reading.take_count() for _ in reading.rows()]
        assert counts == [pytest.approx(piece.bytes / 4, abs=1)] * 4
        assert reading.finish() == (piece_digest(piece), piece.bytes - sum(counts))
