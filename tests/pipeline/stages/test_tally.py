from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import Tripwires
from pipeline.errors import RunFailedError
from pipeline.io.dataset import Documents, Shard
from pipeline.stages.tally import Losses, ShardTally, losses, tally_result, tripped

SOURCES = ["news/part-1.jsonl", "news/part-02.jsonl", "wiki.jsonl"]


def tallied(folder: Path, rows: list[tuple[str, str]], borders: list[int], absent: set[int]):
    """Documents in shards that begin at 0 and at each border, and their tallies, filled two rows at a time."""
    shards, tallies = [], []
    for start, stop in zip([0, *borders], [*borders, len(rows)], strict=True):
        shard = Shard("", stop - start, start, 0)
        tally = ShardTally(shard)
        here = [i for i in range(start, stop) if i not in absent]
        for at in range(0, len(here), 2):
            part = here[at : at + 2]
            columns = {name: [rows[i][j] for i in part] for j, name in enumerate(("source", "text"))}
            batch = pa.RecordBatch.from_pydict(columns, pa.schema({"source": pa.string(), "text": pa.string()}))
            tally.add(batch, np.array(part))
        path = str(folder / f"{start}.npy")
        tallies.append((path, tally.save(path)))
        shards.append(shard)
    return Documents(tuple(shards)), tallies


@given(data=st.data())
def test_losses_are_the_sums_per_source_group(tmp_path_factory, data):
    rows = data.draw(st.lists(st.tuples(st.sampled_from(SOURCES), st.text(max_size=4)), min_size=1, max_size=12))
    numbers = st.sets(st.integers(0, len(rows) - 1))
    borders, absent, removed = sorted(data.draw(numbers) - {0}), data.draw(numbers), data.draw(numbers)
    removed -= absent
    documents, tallies = tallied(tmp_path_factory.mktemp("tally"), rows, borders, absent)
    expected: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for i, (source, text) in enumerate(rows):
        if i not in absent:
            sums = expected["news/part-#.jsonl" if source.startswith("news") else source]
            size = len(text.encode())
            sums[0], sums[1] = sums[0] + 1, sums[1] + size
            if i in removed:
                sums[2], sums[3] = sums[2] + 1, sums[3] + size
    found = losses(documents, tallies, np.array(sorted(removed), np.int64))
    assert {name: list(vars(one).values()) for name, one in found.items()} == expected


@given(st.lists(st.integers(0, 5), max_size=300))
def test_keepers_are_counted_by_their_duplicates(keepers):
    result = tally_result({}, np.array(keepers, np.int64))
    counts = Counter(keepers)
    expected = Counter()
    for n in counts.values():
        low = 2 ** (n.bit_length() - 1)
        expected["1" if n == 1 else f"{low}-{2 * low - 1}"] += 1
    assert result["duplicates_per_keeper"] == expected
    assert result["most_duplicates"] == max(counts.values(), default=0)


def test_sources_that_lost_most_stand_first():
    found = {"a": Losses(9, 90, 1, 5), "b": Losses(9, 90, 0, 0), "c": Losses(9, 90, 4, 50), "d": Losses(9, 90, 0, 7)}
    assert list(tally_result(found, np.array([0]))["sources"]) == ["c", "d", "a"]  # d was cut alone


@pytest.mark.parametrize(
    ("one", "trips"),
    [
        (Losses(100, 1000, 90, 900), False),
        (Losses(100, 1000, 91, 10), True),
        (Losses(100, 1000, 1, 901), True),  # one long document was most of it
        (Losses(99, 1000, 99, 1000), False),  # too few to judge
    ],
)
def test_a_source_that_loses_too_much_trips(one, trips):
    said = tripped("02-near_dedup", Tripwires(), {"wiki": one}, 5)
    assert bool(said) == trips
    if trips:
        assert said[0].startswith(f"02-near_dedup: source wiki would lose {one.removed_documents} of 100 documents")


def test_a_crowd_behind_one_keeper_trips():
    assert tripped("job", Tripwires(max_duplicates_per_keeper=5), {}, 5) == []
    (said,) = tripped("job", Tripwires(max_duplicates_per_keeper=5), {}, 6)
    assert "stands for 6 others, more than 5" in said
    assert tripped("job", Tripwires(max_source_share=None, max_duplicates_per_keeper=None), {}, 10**9) == []


def test_stop_stops_with_a_way_out():
    with pytest.raises(RunFailedError, match=r"source wiki would lose.*Nothing was removed.*action: warn"):
        tripped("job", Tripwires(action="stop"), {"wiki": Losses(100, 1, 100, 1)}, 1)
