import random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.config import NearDedupConfig
from pipeline.io.dataset import VERDICT, Documents
from pipeline.stages.near_dedup_planted import Planter, Plants, plan_plants, planted_result
from tests.deduped import write_corpus
from tests.oracles import near_dedup as oracle
from tests.pipeline.stages.test_near_dedup import run

VOCABULARY = [f"word{i}" for i in range(2000)] + ["日本", "ไทย", "naïve"]


def long_texts(count: int) -> list[str]:
    chance = random.Random(9)
    return [", ".join(chance.choices(VOCABULARY, k=chance.randint(80, 200))) for _ in range(count)]


def test_copies_are_spread_in_runs_and_numbered_on(tmp_path):
    documents = write_corpus(tmp_path, ["x"] * 100, cuts=[10, 10, 60])
    plants = plan_plants(documents, NearDedupConfig(planted=65), 100, tmp_path)
    assert [o for some in plants.values() for o in some.ordinals] == [*range(65)]
    assert [(i, some.first_ordinal, some.first_number) for i, some in plants.items()] == [
        (0, 100, 0),
        (2, 110, 10),
        (3, 160, 60),
    ]
    far = plan_plants(write_corpus(tmp_path / "far", ["x"] * 300), NearDedupConfig(planted=80), 300, tmp_path)
    assert [o for some in far.values() for o in some.ordinals] == [*range(50), *range(150, 180)]
    assert plan_plants(Documents(()), NearDedupConfig(), 0, tmp_path) == {}
    assert plan_plants(documents, NearDedupConfig(planted=0), 100, tmp_path) == {}
    everyone = plan_plants(documents, NearDedupConfig(planted=1000), 100, tmp_path)
    assert sum(len(some.ordinals) for some in everyone.values()) == 100


@pytest.mark.parametrize("settings", [{"shingle_words": 5}, {"shingle_chars": 20}])
def test_similarities_are_exact_and_cover_the_range(tmp_path, settings):
    texts = long_texts(68)
    config = NearDedupConfig.model_validate({"planted": 68, **settings})
    plants = Plants(tuple(range(68)), 68, 0, str(tmp_path / "copies.parquet"))
    planter = Planter(plants, config)
    for start in range(0, 68, 30):
        stop = min(start + 30, 68)
        planter.add(pa.array(texts).slice(start, stop - start), np.arange(start, stop))
    copies, similarities = planter.save()
    assert pq.read_table(plants.path).column("text").to_pylist() == copies.to_pylist()
    for text, copy, similarity in zip(texts, copies.to_pylist(), similarities, strict=True):
        if config.shingle_chars:
            one, other = (set(oracle.char_shingles(" ".join(t.lower().split()), 20)) for t in (text, copy))
        else:
            one, other = (set(oracle.shingles(t, 5)) for t in (text, copy))
        assert similarity == len(one & other) / len(one | other)
    assert sum(s >= 0.8 for s in similarities) > 15
    assert sum(s < 0.8 for s in similarities) > 15
    assert similarities.count(1.0) >= 4  # every 17th is a plain copy
    assert plants.copies.rows == 68


def test_documents_without_words_very_long_ones_and_those_gone_have_no_copy(tmp_path):
    planter = Planter(Plants((0, 1, 2, 3, 4), 5, 16, str(tmp_path / "copies.parquet")), NearDedupConfig())
    texts = pa.array(["...", "one two three", "", "x " * 2**20, "not asked for"])
    planter.add(texts, np.array([0, 1, 2, 4, 7]))
    copies, similarities = planter.save()
    assert similarities == [None, 1.0, None, None, None]
    assert copies.to_pylist() == ["", "one two three", "", "", ""]


def test_the_result_counts_by_similarity():
    plants = Plants((0, 3, 5, 9, 11), 100, 0, "")
    removed = pa.Table.from_pylist([{"ordinal": o, "keeper": 0, "jaccard": 0.9} for o in (100, 103)], VERDICT)
    result = planted_result(NearDedupConfig(), [plants], [[1.0, 0.8, 0.79, 0.96, None]], removed)
    assert (result["planted"], result["planted_recall"]) == (4, 2 / 3)
    assert [one[:3] for one in result["planted_bins"]] == [[0.75, 1, 0], [0.8, 1, 0], [0.95, 2, 2]]
    assert result["planted_bins"][1][3] == round(1 - (1 - 0.8**8) ** 14, 4)


def test_a_run_finds_nearly_all_copies_and_nothing_below_the_threshold(tmp_path):
    documents = write_corpus(tmp_path, long_texts(120), cuts=[50])
    got = run(documents, tmp_path, NearDedupConfig(planted=120))
    assert got.counts["planted"] == 120
    assert got.counts["planted_recall"] > 0.9
    assert all(found == 0 for low, _, found, _ in got.counts["planted_bins"] if low < 0.8)
    assert np.sum([n for _, n, _, _ in got.counts["planted_bins"]]) == 120
    assert (got.evidence, got.counts["duplicates"], got.counts["candidate_pairs"]) == ([], 0, 0)


def test_planting_changes_nothing_else(tmp_path):
    texts = long_texts(60)
    texts += [text.replace("word1", "word2", 1) for text in texts[:30]]
    results = []
    for planted in (0, 90):
        got = run(
            write_corpus(tmp_path / str(planted), texts), tmp_path / str(planted), NearDedupConfig(planted=planted)
        )
        counts = {name: value for name, value in got.counts.items() if not name.startswith("planted")}
        results.append((counts, got.evidence, got.verdict_bytes))
    assert results[0] == results[1]
    assert len(results[0][1]) > 20
