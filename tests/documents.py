"""DOCUMENT rows from texts, for tests of stages."""

from collections.abc import Iterable, Sequence

import pyarrow as pa

from pipeline.schema import document_schema


def documents(texts: Iterable[str], **columns: list[object]) -> pa.RecordBatch:
    """Rows d0, d1, ... of source `s`; `columns` gives further values, one per row."""
    rows = [{"doc_id": f"d{i}", "source": "s", "position": i, "text": text} for i, text in enumerate(texts)]
    for name, values in columns.items():
        for row, value in zip(rows, values, strict=True):
            row[name] = value
    return pa.RecordBatch.from_pylist(rows, schema=document_schema())


def assert_texts_after(transform: object, batches: Sequence[pa.RecordBatch], texts: Sequence[str]) -> None:
    """A public transform in a Beam pipeline turns `batches` into batches of `texts`, in any order."""
    import apache_beam as beam
    from apache_beam.runners.portability.fn_api_runner import FnApiRunner
    from apache_beam.testing.util import assert_that, equal_to

    with beam.Pipeline(runner=FnApiRunner()) as p:
        after = p | beam.Create(batches) | transform
        assert_that(after | beam.FlatMap(lambda batch: batch.column("text").to_pylist()), equal_to(list(texts)))
