import pyarrow as pa
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from pipeline.io import rows as module
from pipeline.io.reasons import KEPT_BYTES, Lost, QuarantineReason, SkipReason
from pipeline.io.rows import doc_ids, lost_rows, make_rows, quarantine_rows


def _columns(texts):
    return {"position": pa.array(range(0, 10 * len(texts), 10), pa.int64()), "text": pa.array(texts, pa.string())}


@given(source=st.text(max_size=5), positions=st.lists(st.integers(0, 2**62), max_size=4))
def test_ids_are_hashes_of_source_and_position(source, positions):
    expected = [xxhash.xxh3_128_hexdigest(source.encode() + b"\0" + str(position).encode()) for position in positions]
    assert doc_ids(source, positions).to_pylist() == expected
    assert all(len(one) == 32 for one in expected)


@given(texts=st.lists(st.sampled_from(["", "a", "a\0b", "\0", "ü", "x" * 9]), max_size=8), skip=st.integers(0, 3))
def test_texts_are_told_apart_in_any_slice(texts, skip):
    columns = {name: column.slice(skip) for name, column in _columns(texts).items()}
    rows = make_rows("s", columns, {}, records=len(texts[skip:]))
    assert rows.documents.column("text").to_pylist() == [t for t in texts[skip:] if t and "\0" not in t]
    assert rows.quarantine.column("bytes").to_pylist() == [t.encode() for t in texts[skip:] if "\0" in t]
    assert [reason for _, reason in rows.skipped] == [SkipReason.EMPTY_TEXT] * texts[skip:].count("")
    assert rows.documents.num_rows + rows.quarantine.num_rows + len(rows.skipped) == rows.records


def test_a_text_too_large_is_quarantined_even_where_it_holds_a_nul(monkeypatch):
    monkeypatch.setattr(module, "MAX_RECORD_BYTES", 5)
    rows = make_rows("s", _columns(["12345", "123456", "\0" * 6]), {}, records=3)
    assert rows.documents.column("text").to_pylist() == ["12345"]
    assert rows.quarantine.column("reason").to_pylist() == ["record_too_large"] * 2


def test_quarantine_keeps_the_start_of_a_record_in_position_order():
    lost = [
        Lost(7, QuarantineReason.BAD_JSON, b"x" * (KEPT_BYTES + 1)),
        Lost(3, QuarantineReason.BAD_TEXT, memoryview(b"y")),
    ]
    table = quarantine_rows("s", lost).to_pylist()
    assert [(row["source"], row["position"], row["reason"]) for row in table] == [
        ("s", 3, "bad_text"),
        ("s", 7, "bad_json"),
    ]
    assert [len(row["bytes"]) for row in table] == [1, KEPT_BYTES]


def test_one_lost_record_is_one_record():
    rows = lost_rows("s", {"year": "int64"}, Lost(9, QuarantineReason.CORRUPT_ARROW, b""))
    assert (rows.documents.num_rows, rows.quarantine.num_rows, rows.records) == (0, 1, 1)
    assert "year" in rows.documents.schema.names
