import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.io.dataset import VERDICT, removed_ordinals
from pipeline.schema import DUPLICATE
from pipeline.stages.duplicates import doc_ids, write_duplicates
from tests.deduped import doc_id, write_corpus


def rows(*removed):
    return pa.Table.from_pylist([dict(zip(VERDICT.names, row, strict=True)) for row in removed], VERDICT)


def write(documents, removed, folder):
    out, evidence = folder / "verdicts.arrow", folder / "evidence.parquet"
    write_duplicates(documents, removed, "near", str(out), str(evidence))
    return out, evidence


def test_verdicts_and_evidence_by_hand(tmp_path):
    documents = write_corpus(tmp_path, ["a", "b", "c", "d", "e"], cuts=[2, 4])
    out, evidence = write(documents, rows((3, 4, 0.9), (0, 4, 0.8), (2, 1, 1.0)), tmp_path)
    assert removed_ordinals([str(out)], 0, 5).tolist() == [0, 2, 3]
    table = pq.read_table(evidence)
    assert table.schema.equals(DUPLICATE)
    assert [tuple(row.values()) for row in table.to_pylist()] == [
        (doc_id(0), doc_id(4), "near", 0.8),
        (doc_id(2), doc_id(1), "near", 1.0),
        (doc_id(3), doc_id(4), "near", 0.9),
    ]


def test_evidence_has_the_same_bytes_for_any_shard_borders(tmp_path):
    removed = rows(*((i, i - 1, 0.9) for i in range(1, 9000, 2)))
    written = set()
    for cuts in ([], [1, 2, 8000], [4096, 5000]):
        documents = write_corpus(tmp_path / str(len(cuts)), [""] * 9000, cuts)
        written.add(tuple(path.read_bytes() for path in write(documents, removed, tmp_path)))
    assert len(written) == 1


def test_no_duplicates_leave_an_empty_verdict_file_and_no_evidence(tmp_path):
    documents = write_corpus(tmp_path, ["a", "b"])
    write(documents, rows((1, 0, 1.0)), tmp_path)
    out, evidence = write(documents, rows(), tmp_path)
    assert removed_ordinals([str(out)], 0, 2).tolist() == []
    assert not evidence.exists()


def test_ids_are_read_from_the_shards_that_hold_them(tmp_path):
    documents = write_corpus(tmp_path, ["a", "b", "c"], cuts=[1, 2])
    (tmp_path / "000001.parquet").unlink()
    assert [ids.to_pylist() for ids in doc_ids(documents, pa.array([0, 2]).to_numpy())] == [[doc_id(0)], [doc_id(2)]]
