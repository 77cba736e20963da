import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.io.dataset import CUT, VERDICT, read_shard
from pipeline.schema import CUT_EVIDENCE
from pipeline.stages.cut_evidence import conclude_cuts
from tests.deduped import doc_id, write_corpus
from tests.pipeline.stages.test_duplicates import rows


def cut_rows(*cuts):
    return pa.Table.from_pylist([dict(zip(CUT.names, row, strict=True)) for row in cuts], CUT)


def conclude(documents, folder, cuts, removed=VERDICT.empty_table()):  # noqa: B008  tables do not change
    paths = folder / "cuts.arrow", folder / "cuts.parquet"
    conclude_cuts(documents, cuts, removed, "line", cuts_path=str(paths[0]), evidence_path=str(paths[1]))
    return paths


def test_cuts_and_evidence_by_hand(tmp_path):
    documents = write_corpus(tmp_path, ["a b c", "b", "a", "c b"], cuts=[1, 3])
    path, evidence = conclude(
        documents, tmp_path, cut_rows((0, 0, 2, 3), (0, 3, 5, 2), (3, 0, 2, -1)), rows((2, 0, 1.0))
    )
    table = pq.read_table(evidence)
    assert table.schema.equals(CUT_EVIDENCE)
    assert [tuple(row.values()) for row in table.to_pylist()] == [
        (doc_id(0), 0, 2, doc_id(3), "line"),
        (doc_id(0), 3, 5, None, "line"),  # its keeper goes whole
        (doc_id(3), 0, 2, None, "line"),
    ]
    texts = [
        t for s in documents.shards for b, _ in read_shard(s, [str(path)], ["text"]) for t in b["text"].to_pylist()
    ]
    assert texts == ["b", "b", "a", "b"]


def test_without_cuts_there_is_no_evidence_and_what_was_there_goes(tmp_path):
    documents = write_corpus(tmp_path, ["a"])
    conclude(documents, tmp_path, cut_rows((0, 0, 1, 0)))
    path, evidence = conclude(documents, tmp_path, cut_rows())
    assert not evidence.exists()
    assert [b["text"].to_pylist() for b, _ in read_shard(documents.shards[0], [str(path)])] == [["a"]]


def test_both_files_have_the_same_bytes_for_any_shard_borders(tmp_path):
    cuts = cut_rows(*((i, 0, 1, i - 1) for i in range(1, 9000, 2)))
    written = set()
    for borders in ([], [1, 2, 8000], [4096, 5000]):
        documents = write_corpus(tmp_path / str(len(borders)), ["x y"] * 9000, borders)
        written.add(tuple(path.read_bytes() for path in conclude(documents, tmp_path, cuts)))
    assert len(written) == 1
