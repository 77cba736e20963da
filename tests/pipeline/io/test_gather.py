from pipeline.config import InputConfig
from pipeline.io.gather import Gather
from pipeline.io.reasons import QuarantineReason, SkipReason
from pipeline.schema import document_schema

LIFTED = {"year": "int64", "other": "string"}


def _gather(layout="none"):
    config = InputConfig(format="jsonl", paths=("x",), columns={"year": "int64"})
    return Gather("a.jsonl", config, LIFTED, layout)


def test_every_record_ends_in_one_place():
    gather = _gather()
    gather.records += 5
    gather.record(0, {"text": "one", "year": 1999, "other": "mine"}, b"raw one")
    gather.record(10, {"text": 1}, b"raw two")
    gather.record(20, {"text": ""}, b"raw three")
    gather.skip(30, SkipReason.HTTP_STATUS)
    gather.lose(5, QuarantineReason.BAD_JSON, b"raw four")
    assert gather.bytes == len("raw one" + "raw two" + "raw three" + "raw four")
    rows = gather.take()
    assert rows.documents.schema == document_schema(LIFTED)
    (row,) = rows.documents.to_pylist()
    assert (row["position"], row["text"], row["year"], row["other"]) == (0, "one", 1999, None)
    assert row["meta"] == '{"other": "mine"}'
    assert [(r["position"], r["reason"], r["bytes"]) for r in rows.quarantine.to_pylist()] == [
        (5, "bad_json", b"raw four"),
        (10, "bad_text", b"raw two"),
    ]
    assert rows.skipped == [(20, SkipReason.EMPTY_TEXT), (30, SkipReason.HTTP_STATUS)]
    assert rows.records == 5


def test_take_starts_afresh():
    gather = _gather()
    gather.records += 1
    gather.record(0, {"text": "one"}, b"raw")
    gather.take()
    rows = gather.take()
    assert (rows.documents.num_rows, rows.quarantine.num_rows, rows.skipped, rows.records) == (0, 0, [], 0)
    assert gather.bytes == 0


def test_fields_without_bytes_go_to_quarantine_as_json():
    gather = _gather("messages")
    gather.records += 2
    gather.record(0, {"messages": [], "b": "é"})
    gather.record(1, {"messages": [{"role": "user", "content": ""}]})
    rows = gather.take()
    assert rows.quarantine.column("bytes").to_pylist() == ['{"b": "é", "messages": []}'.encode()]
    assert rows.skipped == [(1, SkipReason.EMPTY_TEXT)]
