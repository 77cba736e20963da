"""Keeper rules: as sorting in plain Python would have it."""

import math
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import ColumnRule, NearDedupConfig, Recipe
from pipeline.errors import UserError
from pipeline.io.dataset import Shard
from pipeline.schema import document_schema
from pipeline.stages.keeper_rules import check_keeper_rules, column_rank, ranking, read_ranked


def order(ranks: np.ndarray) -> list[int]:
    return np.argsort(ranks, kind="stable").tolist()


@given(st.lists(st.one_of(st.none(), st.floats(), st.sampled_from([0.0, -0.0, math.inf, -math.inf, 5e-324]))))
def test_the_highest_number_comes_first_and_none_last(values):
    def key(i: int) -> tuple[bool, float]:
        missing = values[i] is None or math.isnan(values[i])
        return (missing, 0.0 if missing else -values[i])

    ranks = column_rank(ColumnRule(highest="x"), pa.array(values, pa.float64()))
    assert order(ranks) == sorted(range(len(values)), key=key)


@given(st.lists(st.one_of(st.none(), st.integers(-(2**63) + 2, 2**63 - 1))))
def test_whole_numbers_are_compared_exactly(values):
    ranks = column_rank(ColumnRule(newest="x"), pa.array(values, pa.int64()))
    assert order(ranks) == sorted(range(len(values)), key=lambda i: (values[i] is None, -(values[i] or 0)))


@given(st.lists(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)).map(lambda t: t.replace(microsecond=0))))
def test_the_newest_date_comes_first(times):
    texts = [t.isoformat(" " if i % 2 else "T") + ("Z" if i % 3 else "") for i, t in enumerate(times)]
    ranks = column_rank(ColumnRule(newest="date"), pa.array(texts, pa.string()))
    assert order(ranks) == sorted(range(len(times)), key=lambda i: -(times[i] - datetime(1, 1, 1)).total_seconds())


def test_days_count_as_midnight_and_what_is_no_date_comes_last():
    texts = ["2024-05-01", "soon", "2024-05-01T00:00:01", None, "2024-13-01", "2024-05-01T00:00:00", "", "1999-01-01x"]
    ranks = column_rank(ColumnRule(newest="date"), pa.array(texts))
    assert order(ranks) == [2, 0, 5, 7, 1, 3, 4, 6]


def test_the_first_pattern_that_matches_a_source_counts():
    sources = pa.array(["web/a", "wiki/b", "web/c", "books/d", "wiki/special/e"])
    rule = ColumnRule(source_priority=("wiki/special/*", "wiki/*", "books/*"))
    assert column_rank(rule, sources).tolist() == [3, 1, 3, 2, 0]


def test_nothing_counts_behind_first():
    by_score = ColumnRule(highest="score")
    assert ranking((by_score, "longest", "first", "longest")) == (by_score, "longest")
    assert ranking(("first",)) == ()
    assert ranking(("longest",)) == ("longest",)


def test_ranks_come_from_columns_texts_and_scores(tmp_path: Path):
    schema = document_schema({"date": "string"})
    rows = [
        {"doc_id": f"{i}", "source": "s", "position": i, "text": text, "date": date}
        for i, (text, date) in enumerate([("aaa", "2024-01-01"), ("é", "2024-01-02"), ("bb", None)])
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema), tmp_path / "documents.parquet")
    scores = {"doc_id": ["2", "dropped", "0", "1"], "gopher_quality.words": [9.0, 8.0, None, 7.0]}
    pq.write_table(pa.table(scores), tmp_path / "scores.parquet")
    shard = Shard(str(tmp_path / "documents.parquet"), 3, 40, 0, str(tmp_path / "scores.parquet"))
    rules = (ColumnRule(highest="gopher_quality.words"), ColumnRule(newest="date"), "longest", "first")
    ((batch, ordinals, rank_RD),) = read_ranked(shard, (), ["text"], rules)
    assert ordinals.tolist() == [40, 41, 42]
    assert [order(row) for row in rank_RD] == [[2, 1, 0], [1, 0, 2], [0, 2, 1]]
    assert batch.column("text").to_pylist() == ["aaa", "é", "bb"]
    ((batch, _, rank_RD),) = read_ranked(shard, (), ["doc_id"], ("first", "longest"))
    assert (batch.schema.names, rank_RD.shape) == (["doc_id"], (0, 3))


def recipe(stages: list[dict], **lifted: str) -> Recipe:
    given_input = {"format": "jsonl", "paths": ["x.jsonl"], "columns": lifted}
    return Recipe.model_validate({"run_dir": "r", "input": [given_input], "stages": stages})


def check(one: Recipe) -> None:
    check_keeper_rules(one, lambda entries: [f"{entry.name}.value" for entry in entries])


def test_columns_that_will_be_there_pass():
    rules = [{"highest": "score"}, {"newest": "date"}, {"highest": "fineweb.value"}, {"highest": "lang_score"}]
    check(recipe([{"fineweb": {}}, {"exact_dedup": {"prefer": rules}}], date="string", score="float64"))
    check(recipe([{"fineweb": {}}, {"exact_dedup": {}}, {"near_dedup": {"prefer": rules[2:3]}}]))


@pytest.mark.parametrize(
    ("stages", "lifted", "message"),
    [
        ([{"exact_dedup": {"prefer": [{"highest": "scor"}]}}], {"score": "int64"}, r"stages.0.*did you mean `score`"),
        ([{"exact_dedup": {"prefer": [{"newest": "nope"}]}}], {}, r"no column `nope`.*known here: lang_score, source"),
        ([{"exact_dedup": {"prefer": [{"highest": "d"}]}}], {"d": "string"}, r"highest needs numbers"),
        ([{"near_dedup": {"prefer": [{"newest": "d"}]}}], {"d": "bool"}, r"newest needs dates or numbers"),
        (
            [
                {"fineweb": {}},
                {"exact_dedup": {}},
                {"c4": {}},
                {"near_dedup": {"prefer": [{"highest": "fineweb.value"}]}},
            ],
            {},
            r"stages.3.near_dedup.prefer: no column `fineweb.value`.*did you mean",
        ),
    ],
)
def test_columns_that_will_not_be_there_are_refused_before_any_work(stages, lifted, message):
    with pytest.raises(UserError, match=message):
        check(recipe(stages, **lifted))


@pytest.mark.parametrize(
    "rule", [{}, {"highest": "a", "newest": "b"}, {"highest": None}, "shortest", {"source_priority": []}]
)
def test_a_rule_says_one_thing(rule):
    with pytest.raises(ValueError, match=r"rule|source_priority|longest"):
        NearDedupConfig.model_validate({"prefer": [rule]})
