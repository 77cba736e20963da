import json
import random

import pyarrow as pa
import pyarrow.parquet as pq
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import ExactDedupConfig
from pipeline.io.dataset import Documents, write_verdicts
from pipeline.stages.exact_dedup import exact_dedup_job, text_hashes
from tests.deduped import LocalEngine, doc_id, write_corpus
from tests.pipeline.stages.test_duplicates import rows
from tests.shared_data import shared


def run(documents, folder, engine=None):
    folder.mkdir(parents=True, exist_ok=True)
    out, evidence = folder / "exact.arrow", folder / "exact.parquet"
    counts = exact_dedup_job(
        engine or LocalEngine(),
        documents,
        ExactDedupConfig(),
        out_path=str(out),
        evidence_path=str(evidence),
        work_dir=str(folder / "work"),
        key="key",
    )
    pairs = pq.read_table(evidence).to_pylist() if evidence.exists() else []
    return counts, [(row["doc_id"], row["keeper_id"]) for row in pairs], out.read_bytes()


def copies(texts):
    """(document, its first copy) by a dictionary of texts."""
    first = {}
    return [(doc_id(i), doc_id(first[text])) for i, text in enumerate(texts) if first.setdefault(text, i) != i]


def test_the_first_of_equal_texts_stays(tmp_path):
    texts = ["b", "a", "b", "", "a ", "b", "", "日本"]
    counts, pairs, _ = run(write_corpus(tmp_path, texts, cuts=[3]), tmp_path)
    assert counts == {"in": 8, "out": 5, "duplicates": 3, "biggest_group": 3}
    assert pairs == copies(texts) == [(doc_id(2), doc_id(0)), (doc_id(5), doc_id(0)), (doc_id(6), doc_id(3))]


def test_documents_that_are_gone_already_take_no_part(tmp_path):
    documents = write_corpus(tmp_path, ["a", "a", "a", "b"])
    gone = tmp_path / "gone.arrow"
    write_verdicts(gone, rows((0, 3, 0.9)))
    counts, pairs, _ = run(Documents(documents.shards, (str(gone),)), tmp_path)
    assert counts == {"in": 3, "out": 2, "duplicates": 1, "biggest_group": 2}
    assert pairs == [(doc_id(2), doc_id(1))]


def test_all_different_all_equal_and_none(tmp_path):
    assert run(write_corpus(tmp_path / "a", ["a", "b"]), tmp_path / "a")[0]["duplicates"] == 0
    assert run(write_corpus(tmp_path / "b", ["x"] * 5000), tmp_path / "b")[0]["duplicates"] == 4999
    assert run(Documents(()), tmp_path / "c")[0] == {"in": 0, "out": 0, "duplicates": 0, "biggest_group": 0}


def test_the_result_has_the_same_bytes_for_any_shards_passes_and_order_of_tasks(tmp_path):
    chance = random.Random(3)
    texts = [f"text {chance.randrange(300)}" for _ in range(600)]
    results = [
        run(write_corpus(tmp_path / str(i), texts, cuts), tmp_path / str(i), engine)
        for i, (cuts, engine) in enumerate(
            [
                ([], LocalEngine()),
                ([1, 300], LocalEngine(backwards=True)),
                (list(range(50, 600, 50)), LocalEngine(shuffle_bytes=4000)),
            ]
        )
    ]
    assert results[0] == results[1] == results[2]
    assert results[0][1] == copies(texts)


@given(texts=st.lists(st.text(max_size=300), max_size=6), skip=st.integers(0, 3))
def test_hashes_are_those_of_the_text_in_utf8(texts, skip):
    got = text_hashes(pa.array(texts, pa.string()).slice(skip))
    assert [f"{high:016x}{low:016x}" for high, low in got.tolist()] == [
        xxhash.xxh3_128_hexdigest(text.encode()) for text in texts[skip:]
    ]


def test_copies_among_real_news(tmp_path):
    import zstandard

    lines = zstandard.open(shared("corpus/reuters21578.jsonl.zst"), "rt", encoding="utf-8").read().split("\n")
    texts = [json.loads(line)["text"] for line in lines[:6000]]
    _, pairs, _ = run(write_corpus(tmp_path, texts, cuts=[1000, 4000]), tmp_path)
    assert pairs == copies(texts)
    assert len(pairs) > 100
