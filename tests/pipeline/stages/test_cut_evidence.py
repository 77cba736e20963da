import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.config import Tripwires
from pipeline.errors import RunFailedError
from pipeline.io.dataset import CUT, VERDICT, read_shard
from pipeline.schema import CUT_EVIDENCE
from pipeline.stages.cut_evidence import conclude_cuts
from pipeline.stages.tally import TALLY_COLUMNS, ShardTally
from tests.deduped import doc_id, write_corpus
from tests.pipeline.stages.test_duplicates import rows


def cut_rows(*cuts):
    return pa.Table.from_pylist([dict(zip(CUT.names, row, strict=True)) for row in cuts], CUT)


NOTHING = VERDICT.empty_table()


def conclude(documents, folder, cuts, removed=NOTHING, tripwires=None):
    """(figures, paths of the cut file and of its evidence)."""
    tallies = []
    for i, shard in enumerate(documents.shards):
        tally, path = ShardTally(shard), str(folder / f"{i}.tally")
        for batch, ordinals in read_shard(shard, columns=TALLY_COLUMNS):
            tally.add(batch, ordinals)
        tallies.append((path, tally.save(path)))
    paths = folder / "cuts.arrow", folder / "cuts.parquet"
    figures = conclude_cuts(
        documents,
        cuts,
        removed,
        "line",
        tallies,
        tripwires or Tripwires(),
        out_path=str(folder / "verdicts.arrow"),
        evidence_path=str(folder / "duplicates.parquet"),
        cuts_path=str(paths[0]),
        cuts_evidence_path=str(paths[1]),
    )
    return figures, *paths


def test_cuts_and_evidence_by_hand(tmp_path):
    documents = write_corpus(tmp_path, ["a b c", "b", "a", "c b"], cuts=[1, 3])
    _, path, evidence = conclude(
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
    _, path, evidence = conclude(documents, tmp_path, cut_rows())
    assert not evidence.exists()
    assert [b["text"].to_pylist() for b, _ in read_shard(documents.shards[0], [str(path)])] == [["a"]]


def test_both_files_have_the_same_bytes_for_any_shard_borders(tmp_path):
    cuts = cut_rows(*((i, 0, 1, i - 1) for i in range(1, 9000, 2)))
    written = set()
    for borders in ([], [1, 2, 8000], [4096, 5000]):
        documents = write_corpus(tmp_path / str(len(borders)), ["x y"] * 9000, borders)
        written.add(tuple(path.read_bytes() for path in conclude(documents, tmp_path, cuts)[1:]))
    assert len(written) == 1


def test_bytes_that_are_cut_are_lost_to_their_source(tmp_path):
    documents = write_corpus(tmp_path, ["a b c", "bb", "a", "c b"], cuts=[1, 3])
    cuts = cut_rows((0, 0, 2, 3), (0, 3, 5, 2), (3, 0, 2, -1))
    figures, *_ = conclude(documents, tmp_path, cuts, rows((1, 0, float("nan"))))
    assert figures["sources"] == {"test": {"documents": 4, "bytes": 11, "removed_documents": 1, "removed_bytes": 8}}
    assert figures["warnings"] == []
    strict = {"max_source_share": 0.7, "min_source_documents": 1}
    figures, *_ = conclude(documents, tmp_path, cuts, rows((1, 0, 1.0)), Tripwires(**strict))
    assert len(figures["warnings"]) == 1
    assert "source test would lose 1 of 4 documents and 8 of 11 bytes" in figures["warnings"][0]
    (tmp_path / "cuts.arrow").unlink()
    with pytest.raises(RunFailedError, match="Nothing was removed"):
        conclude(documents, tmp_path, cuts, rows((1, 0, 1.0)), Tripwires(**strict, action="stop"))
    assert not (tmp_path / "cuts.arrow").exists()
