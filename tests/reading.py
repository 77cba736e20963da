"""Everything an input becomes, read through the public door, with the promises of each batch checked on the way."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import xxhash

from pipeline.config import InputConfig
from pipeline.io.reading import piece_digest, read_slice
from pipeline.io.slices import find_sources, plan_slices
from pipeline.schema import QUARANTINE, document_schema


class Everything(NamedTuple):
    """All rows of all slices in order."""

    documents: list[dict[str, Any]]
    quarantine: list[dict[str, Any]]
    skipped: Counter[str]
    records: int

    @property
    def texts(self) -> list[str]:
        return [row["text"] for row in self.documents]

    @property
    def reasons(self) -> list[str]:
        return [row["reason"] for row in self.quarantine]


def read_all(inputs: Sequence[InputConfig], *, slice_bytes: int = 2**30, batch_bytes: int = 2**22) -> Everything:
    """Read `inputs`; asserts schemas, conservation, order, ids, byte counts and digests of what comes."""
    sources = find_sources(inputs)
    slices = plan_slices(inputs, sources, slice_bytes)
    assert [one.index for one in slices] == list(range(len(slices)))
    everything, digests, bytes_read = Everything([], [], Counter(), 0), {}, 0
    records = 0
    schema = document_schema({name: kind for one in inputs for name, kind in one.columns.items()})
    for one in slices:
        for batch in read_slice(one, inputs, batch_bytes=batch_bytes):
            batch.documents.validate(full=True)
            assert (batch.documents.schema, batch.quarantine.schema) == (schema, QUARANTINE)
            outcomes = batch.documents.num_rows + batch.quarantine.num_rows + sum(batch.skipped.values())
            assert batch.records == outcomes
            everything.documents.extend(batch.documents.to_pylist())
            everything.quarantine.extend(batch.quarantine.to_pylist())
            everything.skipped.update(batch.skipped)
            records, bytes_read = records + batch.records, bytes_read + batch.bytes_read
            digests |= batch.digests
    if not any(one.limit for one in inputs):
        pieces = [piece for one in slices for piece in one.pieces]
        assert digests == {f"{p.file.source}:{p.start}-{p.stop}": piece_digest(p) for p in pieces}
        assert bytes_read == sum(source.size for source in sources)
    places = [(row["source"], row["position"]) for row in everything.documents]
    assert places == sorted(set(places))
    for row in everything.documents:
        assert row["doc_id"] == xxhash.xxh3_128_hexdigest(f"{row['source']}\0{row['position']}".encode())
    return everything._replace(records=records)


def read_bytes(folder: Path, name: str, data: bytes, format: str, **settings: Any) -> Everything:
    """Write one file and read it. slice_bytes and batch_bytes go to read_all, the rest to the input."""
    (folder / name).write_bytes(data)
    sizes = {key: settings.pop(key) for key in ("slice_bytes", "batch_bytes") if key in settings}
    return read_all([InputConfig(format=format, paths=(str(folder / name),), **settings)], **sizes)
