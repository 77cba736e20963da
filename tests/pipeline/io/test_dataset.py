"""Committed documents, less what verdicts remove."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.io.dataset import CUT, VERDICT, Documents, Shard, read_shard, removed_ordinals, write_cuts, write_verdicts
from pipeline.schema import document_schema


def verdicts(*ordinals: int) -> pa.Table:
    rows = [{"ordinal": o, "keeper": 0, "jaccard": 0.9} for o in ordinals]
    return pa.Table.from_pylist(rows, VERDICT)


def shard(folder: Path, rows: int, first_ordinal: int) -> Shard:
    """A shard of documents called by their ordinals."""
    path = folder / f"{first_ordinal}.parquet"
    names = [str(first_ordinal + i) for i in range(rows)]
    table = pa.Table.from_pylist(
        [{"doc_id": n, "source": "s", "position": int(n), "text": f"text {n}"} for n in names], document_schema()
    )
    pq.write_table(table, path, row_group_size=3)
    return Shard(str(path), rows, first_ordinal, path.stat().st_size)


def test_removed_ordinals_by_hand(tmp_path):
    write_verdicts(tmp_path / "a.arrow", verdicts(9, 2, 5))
    write_verdicts(tmp_path / "b.arrow", verdicts(5, 7))
    files = [str(tmp_path / "a.arrow"), str(tmp_path / "b.arrow")]
    assert removed_ordinals(files, 0, 100).tolist() == [2, 5, 7, 9]
    assert removed_ordinals(files, 5, 9).tolist() == [5, 7]
    assert removed_ordinals(files[1:], 0, 5).tolist() == []
    assert removed_ordinals([], 0, 100).tolist() == []


def test_verdicts_are_one_sorted_batch_that_can_be_mapped(tmp_path):
    table = pa.concat_tables([verdicts(9, 2), verdicts(5)])
    write_verdicts(tmp_path / "v.arrow", table)
    with pa.memory_map(str(tmp_path / "v.arrow")) as source:
        file = pa.ipc.open_file(source)
        assert file.num_record_batches == 1
        assert file.read_all().column("ordinal").to_pylist() == [2, 5, 9]


def test_the_bytes_of_verdicts_do_not_depend_on_the_order_they_came_in(tmp_path):
    write_verdicts(tmp_path / "a.arrow", verdicts(1, 2, 3))
    write_verdicts(tmp_path / "b.arrow", pa.concat_tables([verdicts(3), verdicts(2, 1)]))
    assert (tmp_path / "a.arrow").read_bytes() == (tmp_path / "b.arrow").read_bytes()


def test_no_verdicts_remove_nothing(tmp_path):
    write_verdicts(tmp_path / "v.arrow", verdicts())
    assert removed_ordinals([str(tmp_path / "v.arrow")], 0, 10).tolist() == []


def test_verdicts_without_a_keeper_are_refused(tmp_path):
    with pytest.raises(ValueError, match="keeper"):
        write_verdicts(tmp_path / "v.arrow", verdicts(1).drop_columns(["keeper"]))


def test_documents_count_the_rows_of_their_shards():
    assert Documents((Shard("a", 3, 0, 10), Shard("b", 4, 3, 10)), ("v",)).rows == 7
    assert Documents(()).rows == 0


def test_only_the_asked_columns_come(tmp_path):
    ((batch, ordinals),) = read_shard(shard(tmp_path, 2, 4), columns=["text", "doc_id"])
    assert sorted(batch.schema.names) == ["doc_id", "text"]
    assert ordinals.tolist() == [4, 5]


@settings(max_examples=40, deadline=None)
@given(
    rows=st.integers(1, 12),
    first=st.integers(0, 20),
    gone=st.lists(st.sets(st.integers(0, 40)), max_size=3),
    batch_rows=st.integers(1, 13),
    wanted=st.none() | st.sets(st.integers(0, 40)),
)
def test_a_shard_is_read_less_what_any_verdicts_remove(tmp_path_factory, rows, first, gone, batch_rows, wanted):
    folder = tmp_path_factory.mktemp("dataset")
    files = []
    for i, ordinals in enumerate(gone):
        write_verdicts(folder / f"{i}.arrow", verdicts(*ordinals))
        files.append(str(folder / f"{i}.arrow"))
    asked = range(first, first + rows) if wanted is None else sorted(wanted & set(range(first, first + rows)))
    expected = [o for o in asked if o not in set().union(*gone)]
    only = None if wanted is None else np.array(sorted(wanted), np.int64)
    read = list(read_shard(shard(folder, rows, first), files, batch_rows=batch_rows, wanted=only))
    assert [int(n) for batch, _ in read for n in batch.column("doc_id").to_pylist()] == expected
    assert [int(o) for _, ordinals in read for o in ordinals] == expected
    for batch, ordinals in read:
        assert 0 < batch.num_rows == ordinals.size <= batch_rows
        assert ordinals.dtype == np.int64


def text_shard(folder: Path, texts: list[str], first_ordinal: int) -> Shard:
    """A shard of documents with these texts."""
    rows = [{"doc_id": str(i), "source": "s", "position": i, "text": text} for i, text in enumerate(texts)]
    path = folder / "texts.parquet"
    pq.write_table(pa.Table.from_pylist(rows, document_schema()), path, row_group_size=2)
    return Shard(str(path), len(texts), first_ordinal, path.stat().st_size)


def cuts(*rows: tuple[int, int, int]) -> pa.Table:
    return pa.Table.from_pylist([{"ordinal": o, "start": s, "end": e, "keeper": -1} for o, s, e in rows], CUT)


def test_spans_are_cut_file_after_file_and_recorded(tmp_path):
    write_cuts(tmp_path / "a.arrow", cuts((8, 0, 2), (7, 3, 4), (8, 4, 5)))
    write_verdicts(tmp_path / "b.arrow", verdicts(6))
    write_cuts(tmp_path / "c.arrow", cuts((6, 0, 1), (8, 1, 3), (9, 0, 1)))  # of what the first file left
    files = [str(tmp_path / f"{name}.arrow") for name in "abc"]
    read = list(read_shard(text_shard(tmp_path, ["gone", "abcd", "abcdefg"], 6), files))
    assert [o for _, ordinals in read for o in ordinals.tolist()] == [7, 8]
    texts = [text for batch, _ in read for text in batch.column("text").to_pylist()]
    assert texts == ["abc", "cg"]  # abcdefg -> cdfg -> cg
    edits = [one for batch, _ in read for one in batch.column("edits").to_pylist()]
    assert [[tuple(edit.values()) for edit in one] for one in edits] == [
        [(3, 4, 0)],
        [(0, 2, 0), (4, 5, 0), (1, 3, 0)],
    ]


def test_cuts_leave_other_columns_alone(tmp_path):
    write_cuts(tmp_path / "a.arrow", cuts((0, 0, 2)))
    one = text_shard(tmp_path, ["abcd"], 0)
    ((batch, _),) = read_shard(one, [str(tmp_path / "a.arrow")], ["text"])
    assert batch.to_pylist() == [{"text": "cd"}]
    ((batch, _),) = read_shard(one, [str(tmp_path / "a.arrow")], ["doc_id"])
    assert batch.to_pylist() == [{"doc_id": "0"}]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_cuts_are_slices_of_the_text(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("cuts")
    texts = data.draw(st.lists(st.text(max_size=12), min_size=1, max_size=6))
    first = data.draw(st.integers(0, 9))
    rows, expected = [], []
    for i, text in enumerate(texts):
        borders = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=4)))
        spans = list(zip(borders[::2], borders[1::2], strict=False))
        rows += [(first + i, *(len(text[:at].encode()) for at in span)) for span in spans]
        expected.append("".join(c for at, c in enumerate(text) if not any(s <= at < e for s, e in spans)))
    write_cuts(folder / "a.arrow", cuts(*data.draw(st.permutations(rows))))
    batch_rows = data.draw(st.integers(1, 7))
    read = read_shard(text_shard(folder, texts, first), [str(folder / "a.arrow")], ["text"], batch_rows)
    assert [text for batch, _ in read for text in batch.column("text").to_pylist()] == expected
