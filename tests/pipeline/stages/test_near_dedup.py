import json
import random
from typing import NamedTuple

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from pipeline.config import EngineConfig, NearDedupConfig
from pipeline.io.dataset import Documents, write_verdicts
from pipeline.stages import equal_keys, near_dedup_decisions
from pipeline.stages.engine import Engine
from pipeline.stages.near_dedup import near_dedup_job
from tests.deduped import LocalEngine, doc_id, write_corpus
from tests.oracles import near_dedup as oracle
from tests.pipeline.stages.test_duplicates import rows
from tests.shared_data import shared


class Outcome(NamedTuple):
    counts: dict[str, int]
    evidence: list[tuple[str, str, float]]
    verdict_bytes: bytes
    evidence_bytes: bytes


def run(documents, folder, config=None, engine=None):
    folder.mkdir(parents=True, exist_ok=True)
    out, evidence = folder / "near.arrow", folder / "near.parquet"
    counts = near_dedup_job(
        engine or LocalEngine(),
        documents,
        config or NearDedupConfig(),
        out_path=str(out),
        evidence_path=str(evidence),
        work_dir=str(folder / "work"),
        key="key",
    )
    pairs = pq.read_table(evidence).to_pylist() if evidence.exists() else []
    assert {row["kind"] for row in pairs} <= {"near"}
    found = [(row["doc_id"], row["keeper_id"], row["jaccard"]) for row in pairs]
    return Outcome(counts, found, out.read_bytes(), evidence.read_bytes() if pairs else b"")


def expected(texts, config):
    names = ("shingle_words", "num_bands", "rows_per_band", "min_jaccard", "prefer", "max_representatives")
    found = oracle.removals(texts, **{name: getattr(config, name) for name in names})
    return [(doc_id(r.ordinal), doc_id(r.keeper), r.jaccard) for r in found]


def variations(chance, num_docs, num_words=12):
    """Texts that come from a few, each with some words changed: pairs on both sides of any threshold."""
    vocabulary = [f"w{i}" for i in range(30)] + ["日本", "ไทย", "don't"]
    origins = [[chance.choice(vocabulary) for _ in range(chance.randint(1, num_words))] for _ in range(3)]
    texts = []
    for _ in range(num_docs):
        words = list(chance.choice(origins))
        for _ in range(chance.choice([0, 0, 1, 1, 2, 5])):
            words[chance.randrange(len(words))] = chance.choice(vocabulary)
        texts.append(" ".join(words[chance.choice([0, 0, 1]) :]))
    return texts


# Every example runs pipelines: shrinking a failure would take minutes.
@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    seed=st.integers(0, 10**6),
    num_docs=st.integers(0, 30),
    num_cuts=st.integers(0, 4),
    prefer=st.sampled_from([("longest", "first"), ("first",), ("first", "longest"), ("longest",)]),
    min_jaccard=st.sampled_from([0.4, 0.6, 0.8, 1.0]),
    max_representatives=st.integers(1, 3),
    shuffle_bytes=st.sampled_from([2**28, 1500]),
    task_members=st.sampled_from([1, 2**19]),
)
def test_removals_are_those_of_the_definition(
    tmp_path_factory,
    monkeypatch,
    seed,
    num_docs,
    num_cuts,
    prefer,
    min_jaccard,
    max_representatives,
    shuffle_bytes,
    task_members,
):
    monkeypatch.setattr(near_dedup_decisions, "TASK_MEMBERS", task_members)
    monkeypatch.setattr(equal_keys, "RANGE_BYTES", 300)
    chance, folder = random.Random(seed), tmp_path_factory.mktemp("run")
    texts = variations(chance, num_docs)
    config = NearDedupConfig(
        shingle_words=2,
        num_bands=8,
        rows_per_band=2,
        min_jaccard=min_jaccard,
        prefer=prefer,
        max_representatives=max_representatives,
    )
    cuts = sorted(chance.sample(range(num_docs + 1), min(num_cuts, num_docs)))
    got = run(
        write_corpus(folder, texts, cuts),
        folder,
        config,
        LocalEngine(shuffle_bytes=shuffle_bytes, backwards=seed % 2 == 0),
    )
    assert got.evidence == expected(texts, config)
    assert got.counts["in"] == num_docs == got.counts["out"] + len(got.evidence)
    assert got.counts["duplicates"] == got.counts["verified_edges"] == len(got.evidence)
    event(f"removals: {min(5, len(got.evidence))}, comparisons left out: {got.counts['comparisons_not_made'] > 0}")


def test_the_result_has_the_same_bytes_for_any_shards_passes_and_workers(tmp_path):
    texts = variations(random.Random(11), 300, num_words=40)
    setups = [
        ([], LocalEngine()),
        ([1, 2, 150], LocalEngine(backwards=True)),
        (list(range(20, 300, 20)), LocalEngine(shuffle_bytes=20_000)),
    ]
    config = NearDedupConfig(shingle_words=3)
    results = [
        run(write_corpus(tmp_path / str(i), texts, cuts), tmp_path / str(i), config, engine)
        for i, (cuts, engine) in enumerate(setups)
    ]
    assert results[0] == results[1] == results[2]
    assert results[0].evidence == expected(texts, config)
    assert len(results[0].evidence) > 50


@pytest.mark.slow
def test_worker_processes_come_to_the_same_bytes_also_after_a_half_finished_run(tmp_path):
    texts = variations(random.Random(11), 300, num_words=40)
    alone = run(write_corpus(tmp_path / "1", texts), tmp_path / "1")
    workers = Engine(EngineConfig(shuffle_bytes=40_000), workers=2)
    assert run(write_corpus(tmp_path / "2", texts, [100, 200]), tmp_path / "2", engine=workers) == alone
    assert len(alone.evidence) > 20
    for lost in ("buckets/000001.json", "groups/000000.npy", "groups/000000.json", "decisions/000000.json"):
        (tmp_path / "2" / "work" / lost).unlink()
    assert run(write_corpus(tmp_path / "2", texts, [100, 200]), tmp_path / "2", engine=workers) == alone


def test_documents_that_are_gone_already_take_no_part(tmp_path):
    texts = ["one two three four five six"] * 3 + ["seven eight nine ten eleven"]
    documents = write_corpus(tmp_path, texts)
    write_verdicts(tmp_path / "gone.arrow", rows((0, 3, 1.0)))
    got = run(Documents(documents.shards, (str(tmp_path / "gone.arrow"),)), tmp_path)
    assert got.evidence == [(doc_id(2), doc_id(1), 1.0)]
    assert (got.counts["in"], got.counts["out"]) == (3, 2)


def test_all_the_same_leave_the_longest(tmp_path):
    """The texts differ in case and marks, so they are no exact copies; the words are the same."""
    texts = [f"One two{'!' * (i % 7)} three four five six" for i in range(200)]
    got = run(write_corpus(tmp_path, texts, cuts=[70]), tmp_path)
    assert [pair[1:] for pair in got.evidence] == [(doc_id(6), 1.0)] * 199
    assert got.counts["comparisons"] == 199
    assert got.counts["biggest_bucket"] == 200


def test_texts_that_differ_in_one_word(tmp_path):
    """100 words, one of them its own: 91 of 96 shingles are shared, of 101 in both. x10 is the first of the longest."""
    texts = [" ".join([*map(str, range(50)), f"x{i}", *map(str, range(50, 99))]) for i in range(30)]
    got = run(write_corpus(tmp_path, texts), tmp_path)
    assert got.evidence == [(doc_id(i), doc_id(10), 91 / 101) for i in range(30) if i != 10]
    assert got.evidence == expected(texts, NearDedupConfig())


def test_texts_without_words_are_never_nominated(tmp_path):
    got = run(write_corpus(tmp_path, ["", "", "...", "...", "!?", "a"]), tmp_path)
    assert (got.counts["nominated"], got.evidence) == (0, [])
    assert run(Documents(()), tmp_path / "none").counts["in"] == 0


def test_texts_shorter_than_a_shingle_are_compared_whole(tmp_path):
    got = run(write_corpus(tmp_path, ["Good morning!", "good morning", "good evening", "日本", "日 本!"]), tmp_path)
    assert got.evidence == [(doc_id(1), doc_id(0), 1.0), (doc_id(3), doc_id(4), 1.0)]


@pytest.mark.parametrize(
    ("one", "other"), [("日本語で書かれた文章です。", "日本語で書かれた文章です"), ("สวัสดีชาวโลก", "สวัสดี ชาวโลก!")]
)
def test_scripts_without_spaces_have_shingles(tmp_path, one, other):
    got = run(write_corpus(tmp_path, [one, other, one[::-1]]), tmp_path)
    assert len(got.evidence) == 1
    assert got.evidence[0][2] == 1.0


def test_a_crowded_bucket_is_done_quickly(tmp_path):
    """Bands of one row, so that a shared half makes buckets of hundreds; all of them stay."""
    common = " ".join(f"c{i}" for i in range(40))
    texts = [common + " " + " ".join(f"d{i}w{j}" for j in range(30)) for i in range(2000)]
    config = NearDedupConfig(shingle_words=2, num_bands=4, rows_per_band=1, max_representatives=64)
    got = run(write_corpus(tmp_path, texts, cuts=[1000]), tmp_path, config)
    assert got.evidence == []
    assert got.counts["biggest_bucket"] > 500
    assert got.counts["comparisons"] < 2000 * 64 * 4
    assert got.counts["comparisons_not_made"] > 10**5


def test_near_copies_among_real_licences_are_those_of_the_definition(tmp_path):
    import zstandard

    lines = zstandard.open(shared("neardup/license_texts.jsonl.zst"), "rt", encoding="utf-8").read().split("\n")
    texts = [text for line in lines if line and len(text := json.loads(line)["text"]) < 4000][:250]
    got = run(write_corpus(tmp_path, texts, cuts=[100]), tmp_path)
    assert got.evidence == expected(texts, NearDedupConfig())
    assert len(got.evidence) > 20


def test_near_misses_are_written_with_their_exact_similarity(tmp_path):
    """Half of the shingles of 0 and 1 are shared: nominated by bands of one row, and too unlike."""
    words = [f"w{i}" for i in range(60)]
    texts = [" ".join(words[:45]), " ".join(words[15:]), "something else altogether here now"]
    config = NearDedupConfig(shingle_words=1, num_bands=20, rows_per_band=1, min_jaccard=0.8)
    near_dedup_job(
        LocalEngine(),
        write_corpus(tmp_path, texts),
        config,
        out_path=str(tmp_path / "near.arrow"),
        evidence_path=str(tmp_path / "near.parquet"),
        work_dir=str(tmp_path / "work"),
        key="key",
        misses_path=str(tmp_path / "misses.parquet"),
    )
    (miss,) = pq.read_table(tmp_path / "misses.parquet").to_pylist()
    assert miss == {"doc_id": doc_id(0), "other_id": doc_id(1), "jaccard": 0.5}  # 1 is longer
    assert not (tmp_path / "near.parquet").exists()


def test_a_document_that_its_keeper_holds_whole_goes_by_containment(tmp_path):
    long = " ".join(f"w{i}" for i in range(50))
    texts = [long, " ".join(f"w{i}" for i in range(40)), " ".join(f"w{i}" for i in range(11, 55))]
    settings = {"shingle_words": 1, "num_bands": 30, "rows_per_band": 1, "min_jaccard": 0.95}
    assert run(write_corpus(tmp_path / "1", texts), tmp_path / "1", NearDedupConfig(**settings)).evidence == []
    config = NearDedupConfig(**settings, min_containment=1.0)
    got = run(write_corpus(tmp_path / "2", texts), tmp_path / "2", config)
    assert got.evidence == [(doc_id(1), doc_id(0), 0.8)]


def test_characters_find_what_words_do_not(tmp_path):
    texts = ["abcdefghijklmnopqrstuvwxyz" * 3, "abcdefghijklmnopqrstuvwxyz" * 3 + "!x", "0123456789" * 8]
    assert run(write_corpus(tmp_path / "1", texts), tmp_path / "1").evidence == []
    got = run(write_corpus(tmp_path / "2", texts), tmp_path / "2", NearDedupConfig(shingle_chars=8))
    assert [pair[:2] for pair in got.evidence] == [(doc_id(0), doc_id(1))]
