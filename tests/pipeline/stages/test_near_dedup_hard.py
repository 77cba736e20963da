"""Near-duplicate removal where it hurts: crowds, giants, nothing at all; every way of running it beside the definition.

Times are of the processor, several times what a 2 GHz core needs, so that only another order of growth fails them.
"""

import random
import time

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from pipeline.config import EngineConfig, ExactDedupConfig, NearDedupConfig
from pipeline.io import dataset
from pipeline.stages import engine as stages_engine
from pipeline.stages import equal_keys, near_dedup_decisions, near_dedup_shingles
from pipeline.stages.engine import Engine
from pipeline.stages.exact_dedup import exact_dedup_job
from pipeline.stages.near_dedup import near_dedup_job
from tests.arrow_corpus import write_shards
from tests.datatrove import read_jsonl
from tests.deduped import LocalEngine, write_corpus
from tests.oracles import near_dedup as oracle
from tests.shared_data import shared

CROWD = 100_000
SECONDS = 60.0


def halves(texts):
    return [texts.slice(0, len(texts) // 2), texts.slice(len(texts) // 2)]


def near(documents, folder, config=None, engine=None):
    """(counts, ordinals that go, who stays for them, similarities, bytes of the verdict file)."""
    folder.mkdir(parents=True, exist_ok=True)
    out = folder / "near.arrow"
    counts = near_dedup_job(
        engine or LocalEngine(),
        documents,
        config or NearDedupConfig(),
        out_path=str(out),
        evidence_path=str(folder / "near.parquet"),
        work_dir=str(folder / "work"),
        key="key",
    )
    with pa.memory_map(str(out)) as source:
        table = pa.ipc.open_file(source).read_all()
    gone, keepers, similar = (table.column(i).to_numpy() for i in range(3))
    return counts, gone, keepers, similar, out.read_bytes()


@pytest.fixture(scope="module")
def _compiled(tmp_path_factory):
    """Kernels loaded, so that no test is timed with that."""
    folder = tmp_path_factory.mktemp("warm")
    near(write_corpus(folder, ["one two three four five six"] * 2), folder)


@pytest.fixture
def in_time(_compiled):
    began = time.process_time()
    yield
    assert time.process_time() - began < SECONDS


def numbered(count, before, after):
    """`count` texts, equal but for one word of their own between `before` and `after`."""
    return pc_join(
        pa.array([before] * count), pa.array(np.char.mod("n%07d", np.arange(count))), pa.array([after] * count)
    )


def pc_join(*columns):
    return pc.binary_join_element_wise(*columns, " ")


@pytest.mark.slow
def test_a_bucket_of_100_000_that_all_stay_is_done_and_what_was_not_compared_is_counted(tmp_path, in_time):
    """The last of 40 words is a document's own: 35 of 36 shingles are shared, and 35/37 is below what is asked for."""
    common = " ".join(f"w{i}" for i in range(39))
    texts = numbered(int(1.4 * CROWD), common, "")
    counts, gone, *_ = near(write_shards(tmp_path, halves(texts)), tmp_path, NearDedupConfig(min_jaccard=0.95))
    assert counts["biggest_bucket"] > CROWD
    assert gone.size == 0
    assert counts["out"] == counts["in"] == len(texts)
    assert counts["comparisons"] <= len(texts) * 14 * 64
    assert counts["comparisons_not_made"] > 10**10  # nearly all of 14 * 100,000**2 / 2


@pytest.mark.slow
def test_of_100_000_equal_but_for_one_word_the_first_stays(tmp_path, in_time):
    """100 words, one their own: 91 of 96 shingles are shared, of 101 in both. A few share no band with the first."""
    texts = numbered(CROWD, " ".join(f"a{i}" for i in range(50)), " ".join(f"b{i}" for i in range(49)))
    counts, gone, keepers, similar, _ = near(write_shards(tmp_path, halves(texts)), tmp_path)
    kept = np.setdiff1d(np.arange(CROWD), gone)
    assert kept[0] == 0
    assert kept.size < 100
    assert set(similar.tolist()) == {91 / 101}
    assert set(keepers.tolist()) <= set(kept.tolist())
    assert counts["comparisons_not_made"] == 0


@pytest.mark.slow
def test_of_100_000_identical_documents_the_first_stays(tmp_path, in_time):
    texts = pa.array(["The quick brown fox jumps over the lazy dog, and over the gate."] * CROWD)
    documents = write_shards(tmp_path, halves(texts))
    counts, gone, keepers, similar, _ = near(documents, tmp_path)
    assert gone.tolist() == list(range(1, CROWD))
    assert not keepers.any()
    assert (similar == 1).all()
    assert counts["comparisons"] == CROWD - 1
    exact = exact_dedup_job(
        LocalEngine(),
        documents,
        ExactDedupConfig(),
        out_path=str(tmp_path / "exact.arrow"),
        evidence_path=str(tmp_path / "exact.parquet"),
        work_dir=str(tmp_path / "exact"),
        key="key",
    )
    assert (exact["duplicates"], exact["biggest_group"]) == (CROWD - 1, CROWD)


def test_100_000_documents_without_words_all_stay(tmp_path, in_time):
    texts = pa.array(["", " \n", "...", "!? --"] * (CROWD // 4))
    counts, gone, *_ = near(write_shards(tmp_path, halves(texts)), tmp_path)
    assert (counts["in"], counts["out"], counts["nominated"]) == (CROWD, CROWD, 0)
    assert gone.size == 0


@pytest.mark.slow
def test_a_document_of_20_mb_and_its_near_copy(tmp_path, in_time):
    """Each of 2.5 million words stands once; the copy lacks every hundredth: 95 of 100 shingles go from one to both."""
    words = np.char.mod("%07x", np.arange(2_500_000))
    long, copy = " ".join(words), " ".join(np.delete(words, np.s_[::100]))
    assert len(long) == pytest.approx(20 * 10**6, rel=0.01)
    counts, gone, keepers, similar, _ = near(
        write_corpus(tmp_path, ["a b c d e f", copy, "g h i j k l", long]), tmp_path, NearDedupConfig(min_jaccard=0.9)
    )
    assert (gone.tolist(), keepers.tolist()) == ([1], [3])
    shared_shingles = 25_000 * 95
    assert similar[0] == pytest.approx(shared_shingles / (2_500_000 + 25_000 * 99 - shared_shingles), rel=1e-4)
    assert counts["comparisons"] == 1


@pytest.fixture(scope="module")
def real_texts_with_copies():
    """2,000 posts and news of up to 3,000 characters; 700 of them again, with up to 4 % of their words gone."""
    rows = [
        *read_jsonl(shared("corpus/20news-bydate-train.jsonl.zst"))[::6],
        *read_jsonl(shared("corpus/reuters21578.jsonl.zst"))[::9],
    ]
    chance = random.Random(3)
    texts = chance.sample([text for row in rows if 0 < len(text := row["text"]) <= 3000], 2000)
    for text in texts[:700]:
        words, least = text.split(" "), chance.random() * 0.04
        copy = " ".join(word for word in words if chance.random() >= least)
        texts.append(copy.upper() if chance.random() < 0.1 else copy)
    chance.shuffle(texts)
    return texts


@pytest.fixture(scope="module")
def by_definition(real_texts_with_copies):
    config = NearDedupConfig()
    return oracle.removals(
        real_texts_with_copies,
        shingle_words=config.shingle_words,
        num_bands=config.num_bands,
        rows_per_band=config.rows_per_band,
        min_jaccard=config.min_jaccard,
    )


@pytest.mark.slow
def test_real_documents_with_planted_copies_are_decided_as_the_definition_says(
    tmp_path, real_texts_with_copies, by_definition
):
    _, gone, keepers, similar, _ = near(write_corpus(tmp_path, real_texts_with_copies, [900, 1700]), tmp_path)
    assert list(zip(gone.tolist(), keepers.tolist(), similar.tolist(), strict=True)) == by_definition
    assert len(by_definition) > 200
    assert sum(0.8 <= removal.jaccard < 0.85 for removal in by_definition) > 10


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2, 4])
def test_any_number_of_workers_comes_to_the_bytes_of_one_process(
    tmp_path, monkeypatch, real_texts_with_copies, by_definition, workers
):
    monkeypatch.setattr(stages_engine, "DEATH_GRACE_SECONDS", 60.0)  # on a busy machine workers take long to end
    engine = Engine(EngineConfig(shuffle_bytes=200_000), workers=workers)
    cuts = list(range(300, len(real_texts_with_copies), 300))
    *_, alone = near(write_corpus(tmp_path / "1", real_texts_with_copies), tmp_path / "1")
    counts, *_, many = near(write_corpus(tmp_path / "2", real_texts_with_copies, cuts), tmp_path / "2", engine=engine)
    assert many == alone
    assert counts["duplicates"] == len(by_definition)


@pytest.mark.slow
@pytest.mark.parametrize(
    "way", ["batches of 7", "blocks of 1 kB", "many ranges", "small tasks", "files in another order"]
)
def test_no_way_of_cutting_the_work_changes_a_byte(tmp_path, monkeypatch, real_texts_with_copies, way):
    *_, alone = near(write_corpus(tmp_path / "1", real_texts_with_copies), tmp_path / "1")
    engine, cuts = LocalEngine(backwards=way == "files in another order"), [17, 400, 401, 2500]
    if way == "batches of 7":
        monkeypatch.setattr(dataset.read_shard, "__defaults__", ((), None, 7, None))
    if way == "blocks of 1 kB":
        monkeypatch.setattr(near_dedup_shingles, "TEXT_BLOCK_BYTES", 2**10)
    if way == "many ranges":
        monkeypatch.setattr(equal_keys, "RANGE_BYTES", 30_000)
        engine = LocalEngine(shuffle_bytes=100_000)
    if way == "small tasks":
        monkeypatch.setattr(near_dedup_decisions, "TASK_MEMBERS", 10)
    *_, other = near(write_corpus(tmp_path / "2", real_texts_with_copies, cuts), tmp_path / "2", engine=engine)
    assert other == alone
    assert (engine.tasks["near_dedup: groups"] > 3) == (way == "many ranges")
