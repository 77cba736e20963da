import numpy as np
import pyarrow as pa
from hypothesis import event, given
from hypothesis import strategies as st

from pipeline.config import SubstringDedupConfig
from pipeline.io.dataset import read_shard
from pipeline.stages.equal_keys import save_array
from pipeline.stages.substring_dedup_cuts import CutTask, _merged, write_shard_cuts
from pipeline.stages.substring_dedup_keys import PLACE_BITS
from tests.deduped import write_corpus


def place(ordinal, word):
    return ordinal << PLACE_BITS | word


@given(
    places=st.sets(st.tuples(st.integers(0, 3), st.integers(0, 30)), max_size=40).map(sorted),
    window_words=st.integers(2, 5),
)
def test_passages_are_the_words_of_all_windows(places, window_words):
    place_N = np.array([place(*one) for one in places], np.int64)
    got = _merged(place_N, place_N + 5 * 2**PLACE_BITS, window_words)
    words = {(d, w + i) for d, w in places for i in range(window_words)}
    columns = (got.ordinal_P, got.first_P, got.end_P)
    spans = list(zip(*(column.tolist() for column in columns), strict=True))
    assert [(d, w) for d, first, end in spans for w in range(first, end)] == sorted(words)
    assert all((d, first - 1) not in words and (d, end) not in words for d, first, end in spans)
    assert (got.keeper_P == got.ordinal_P + 5).all()
    event(f"passages: {min(4, len(spans))}")


def test_a_window_follows_the_best_of_its_table_to_the_best_of_all(tmp_path):
    """Windows of two words. Of table 0, `a b` of document 1 was asked about; document 9 elsewhere has a better one."""
    texts = ["a b c", "x a b", "p q r"]
    documents = write_corpus(tmp_path, texts)
    table = [[place(0, 0), place(0, 1), place(1, 1), place(2, 0)], [place(1, 1), place(0, 1), place(1, 1), place(2, 0)]]
    save_array(tmp_path / "table", np.array(table, np.int64))
    answers = [[place(1, 1), place(9, 4)], [place(9, 4), place(9, 4)]]
    save_array(tmp_path / "answers", np.array(answers, np.int64))
    task = CutTask(
        documents.shards[0],
        (),
        SubstringDedupConfig(min_tokens=2),
        (str(tmp_path / "table"),),
        (str(tmp_path / "answers"),),
        str(tmp_path / "cuts"),
    )
    counts = write_shard_cuts(task)
    assert counts == {"windows_seen_before": 2, "duplicates": 0, "documents_cut": 2, "passages_cut": 2, "bytes_cut": 8}
    with pa.memory_map(task.path) as source, pa.ipc.open_file(source) as file:
        cuts = [tuple(row.values()) for row in file.read_all().to_pylist()]
    assert cuts == [(0, 0, 4, 9), (1, 1, 5, 9)]
    left = [t for batch, _ in read_shard(documents.shards[0], [task.path], ["text"]) for t in batch["text"].to_pylist()]
    assert left == ["c", "x", "p q r"]
