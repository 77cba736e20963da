"""MB/s of text out of every reader on one core, on real data stored in each format.

    python -m pytest -q -s -m bench tests/benchmarks/bench_readers.py

Processor time, median of five rounds, planning and checks included. News, mail and books as JSONL, Parquet and Arrow;
the WET sample repeated to 40 MB, with a gzip frame per record and as one stream; a crawl as WARC, HTML extraction
included. Stored bytes per second stand beside text bytes, since an archive is mostly no text.
"""

from __future__ import annotations

import gzip
import json
import os
import time
from pathlib import Path
from statistics import median

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import zstandard

from pipeline.config import InputConfig
from pipeline.io.archive import WARC, Record, stream_records
from pipeline.io.compression import Flow, decompressed
from pipeline.io.reading import read_slice
from pipeline.io.slices import find_sources, plan_slices
from pipeline.io.stored import StoredBytes
from tests.shared_data import shared

ROUNDS = 5
WET_BYTES = 40 * 10**6


def _write_rows(folder: Path) -> list[tuple[str, Path]]:
    """One corpus as JSONL, Parquet, Arrow, and the columns id and text alone as Parquet."""
    names = ("20news-bydate-train", "multilang_news", "classic_books")
    stored = [shared(f"corpus/{name}.jsonl.zst").read_bytes() for name in names]
    lines = b"".join(zstandard.ZstdDecompressor().decompressobj().decompress(data) for data in stored)
    records = [json.loads(line) for line in lines.splitlines()]
    table = pa.Table.from_pylist([{key: row.get(key) for key in ("id", "text", "lang", "title")} for row in records])
    (folder / "a.jsonl").write_bytes(lines)
    pq.write_table(table, folder / "a.parquet", row_group_size=2000, compression="zstd")
    pq.write_table(table.select(["id", "text"]), folder / "b.parquet", row_group_size=2000, compression="zstd")
    with pa.ipc.new_file(str(folder / "a.arrow"), table.schema) as writer:
        writer.write_table(table, max_chunksize=1000)
    return [
        ("jsonl", folder / "a.jsonl"),
        ("parquet", folder / "a.parquet"),
        ("parquet", folder / "b.parquet"),
        ("arrow", folder / "a.arrow"),
    ]


def _write_wet(folder: Path) -> list[tuple[str, Path]]:
    with StoredBytes(str(shared("web/wet/CC-MAIN-2016-50-sample.wet.gz"))) as stored:
        found = stream_records(Flow(decompressed(stored, "gzip")), WARC)
        records = [record.data + b"\r\n\r\n" for record in found if isinstance(record, Record)]
    times = WET_BYTES // sum(map(len, records))
    (folder / "a.wet").write_bytes(b"".join(records) * times)
    (folder / "frames.wet.gz").write_bytes(b"".join(map(gzip.compress, records)) * times)
    (folder / "whole.wet.gz").write_bytes(gzip.compress(b"".join(records) * times))
    return [("wet", folder / name) for name in ("a.wet", "frames.wet.gz", "whole.wet.gz")]


def _text_bytes(format: str, path: Path) -> int:
    """Read the whole file as a job does; bytes of text that came out."""
    inputs = [InputConfig(format=format, paths=(str(path),))]
    slices = plan_slices(inputs, find_sources(inputs), 64 * 2**20)
    texts = (batch.documents.column("text") for one in slices for batch in read_slice(one, inputs))
    return sum(pc.sum(pc.binary_length(text)).as_py() or 0 for text in texts)


@pytest.mark.bench
def test_readers(tmp_path):
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    crawl = [("warc", shared("web/warc/aut-example.warc.gz")), ("warc", shared("web/warc/dolma-sample-0000.warc.gz"))]
    print(f"\n{'':28}{'text MB':>10}{'text MB/s':>12}{'stored MB/s':>14}")
    for format, path in [*_write_rows(tmp_path), *_write_wet(tmp_path), *crawl]:
        taken = []
        for _ in range(ROUNDS):
            began = time.process_time()
            text = _text_bytes(format, path)
            taken.append(time.process_time() - began)
        seconds = median(taken)
        stored = path.stat().st_size
        print(f"{path.name:28}{text / 1e6:10.1f}{text / 1e6 / seconds:12.0f}{stored / 1e6 / seconds:14.0f}", flush=True)
        assert text > 0
