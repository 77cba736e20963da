import json
import random
import re
import time
from collections import Counter
from typing import NamedTuple

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from pipeline.config import EngineConfig, SubstringDedupConfig
from pipeline.io.dataset import Documents, read_shard, write_verdicts
from pipeline.stages import equal_keys, group_answers, substring_dedup_keys
from pipeline.stages.engine import Engine
from pipeline.stages.substring_dedup import substring_dedup_job
from tests.deduped import LocalEngine, doc_id, write_corpus
from tests.oracles import substring_dedup as oracle
from tests.oracles import suffix_array
from tests.pipeline.stages.test_duplicates import rows
from tests.runs import corpusmill, write_recipe
from tests.shared_data import shared


class Outcome(NamedTuple):
    counts: dict[str, int]
    cuts: list[oracle.Cut]
    removed: list[tuple[int, int]]
    files: list[bytes]


def run(documents, folder, config=None, engine=None):
    folder.mkdir(parents=True, exist_ok=True)
    out, cuts = folder / "verdicts.arrow", folder / "cuts.arrow"
    evidence = [folder / "duplicates.parquet", folder / "cuts.parquet"]
    counts = substring_dedup_job(
        engine or LocalEngine(),
        documents,
        config or SubstringDedupConfig(),
        out_path=str(out),
        cuts_path=str(cuts),
        evidence_path=str(evidence[0]),
        cuts_evidence_path=str(evidence[1]),
        work_dir=str(folder / "work"),
        key="key",
    )
    written = [path.read_bytes() for path in (out, cuts, *evidence) if path.exists()]
    removed = [(row["ordinal"], row["keeper"]) for row in arrow_rows(out)]
    return Outcome(counts, [oracle.Cut(*row.values()) for row in arrow_rows(cuts)], removed, written)


def arrow_rows(path):
    with pa.memory_map(str(path)) as source, pa.ipc.open_file(source) as file:
        return file.read_all().to_pylist()


def left_by(texts, outcome):
    """(ordinal, text) of what stays."""
    gone = {d for d, _ in outcome.removed}
    return [
        (d, oracle.after(text, [cut for cut in outcome.cuts if cut.ordinal == d]))
        for d, text in enumerate(texts)
        if d not in gone
    ]


def read_back(documents, folder):
    """(ordinal, text) as the next job reads them."""
    verdicts = (*documents.verdicts, str(folder / "verdicts.arrow"), str(folder / "cuts.arrow"))
    return [
        (int(ordinal), text)
        for shard in documents.shards
        for batch, ordinals in read_shard(shard, verdicts, ["text"])
        for ordinal, text in zip(ordinals, batch.column("text").to_pylist(), strict=True)
    ]


def repetitive(chance, num_docs):
    """Texts of few words, so that windows repeat inside documents and across them."""
    words = ["a", "b", "A", "don't", "日", "本", "ไ"][: chance.randint(1, 7)]
    gaps = [" ", " ", " ", "\n", "\n\n", ", ", "", "  ", "-", "\u3000"]
    return [
        chance.choice(["", "("])
        + "".join(chance.choice(words) + chance.choice(gaps) for _ in range(chance.randint(0, 40)))
        + chance.choice(["", " ", "."])
        for _ in range(num_docs)
    ]


def tiny_pieces(monkeypatch, *, batch_rows=7):
    """So that a small corpus goes through many ranges, tables, answer files, blocks and batches."""
    monkeypatch.setattr(equal_keys, "RANGE_BYTES", 300)
    monkeypatch.setattr(group_answers, "GROUP_FILES", 2)
    monkeypatch.setattr(substring_dedup_keys, "TABLE_WINDOWS", 20)
    monkeypatch.setattr(substring_dedup_keys, "TEXT_BLOCK_BYTES", 50)
    monkeypatch.setattr(read_shard, "__defaults__", ((), None, batch_rows, None))


# Every example runs pipelines: shrinking a failure would take minutes.
@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    seed=st.integers(0, 10**6),
    num_docs=st.integers(0, 10),
    num_cuts=st.integers(0, 3),
    min_tokens=st.sampled_from([2, 3, 4, 5, 7]),
    prefer=st.sampled_from([("longest", "first"), ("first",), ("longest",)]),
    min_words_left=st.sampled_from([0, 0, 3]),
    shuffle_bytes=st.sampled_from([2**28, 3000]),
    is_tiny=st.booleans(),
)
def test_what_is_cut_is_that_of_the_definition(
    tmp_path_factory,
    seed,
    num_docs,
    num_cuts,
    min_tokens,
    prefer,
    min_words_left,
    shuffle_bytes,
    is_tiny,
):
    chance, folder = random.Random(seed), tmp_path_factory.mktemp("run")
    texts = repetitive(chance, num_docs)
    config = SubstringDedupConfig(min_tokens=min_tokens, prefer=prefer, min_words_left=min_words_left)
    documents = write_corpus(folder, texts, sorted(chance.sample(range(num_docs + 1), min(num_cuts, num_docs))))
    with pytest.MonkeyPatch.context() as patch:
        if is_tiny:
            tiny_pieces(patch)
        got = run(documents, folder, config, LocalEngine(shuffle_bytes=shuffle_bytes, backwards=seed % 2 == 0))
    expected = oracle.outcome(texts, **config.model_dump(exclude={"tripwires"}))
    assert (got.cuts, got.removed) == expected
    assert got.counts["in"] == num_docs == got.counts["out"] + len(got.removed)
    assert got.counts["passages_cut"] == len(got.cuts)
    assert got.counts["documents_cut"] == len({cut.ordinal for cut in got.cuts})
    assert got.counts["bytes_cut"] == sum(cut.end - cut.start for cut in got.cuts)
    assert read_back(documents, folder) == left_by(texts, got)
    assert_no_run_stands_twice(texts, got, min_tokens)
    if not min_words_left:
        assert words_in(text for _, text in left_by(texts, got)) == words_in(texts)
    event(f"passages: {min(5, len(got.cuts))}, removed: {min(2, len(got.removed))}")


def words_in(texts):
    return {text[a:b] for text in texts for a, b in oracle.word_spans(text)}


def assert_no_run_stands_twice(texts, outcome, min_tokens):
    """Of words that were neighbours before: what stands between two cuts."""
    found = Counter()
    for d, _ in left_by(texts, outcome):
        data, at = texts[d].encode(), 0
        for cut in [*(c for c in outcome.cuts if c.ordinal == d), oracle.Cut(d, len(data), len(data), 0)]:
            found.update(oracle.windows(data[at : cut.start].decode(), min_tokens))
            at = cut.end
    assert not found or max(found.values()) == 1


def test_evidence_by_hand(tmp_path):
    texts = [
        "x one two three y",
        "one two three four five six seven",
        "Z: one two three. two three four",
        "two three four",
    ]
    config = SubstringDedupConfig(min_tokens=3)
    got = run(write_corpus(tmp_path, texts, cuts=[2]), tmp_path, config)
    assert [text for _, text in left_by(texts, got)] == ["x y", "one two three four five six seven", "Z:"]
    assert pq.read_table(tmp_path / "cuts.parquet").to_pylist() == [
        {"doc_id": doc_id(d), "start": a, "end": b, "keeper_id": doc_id(1), "kind": "substring"}
        for d, a, b in [(0, 2, 16), (2, 2, 32)]
    ]
    assert pq.read_table(tmp_path / "duplicates.parquet").to_pylist() == [
        {"doc_id": doc_id(3), "keeper_id": doc_id(1), "kind": "substring", "jaccard": None}
    ]
    assert got.counts == {
        "in": 4,
        "out": 3,
        "bytes": sum(map(len, texts)),
        "words": 22,
        "anchors": got.counts["anchors"],
        "windows_compared": got.counts["windows_compared"],
        "windows_seen_before": 4,
        "duplicates": 1,
        "documents_cut": 2,
        "passages_cut": 2,
        "bytes_cut": 14 + 30,
        "sources": {
            "test": {
                "documents": 4,
                "bytes": sum(map(len, texts)),
                "removed_documents": 1,
                "removed_bytes": 14 + 30 + len(texts[3]),
            }
        },
        "duplicates_per_keeper": {"1": 1},
        "most_duplicates": 1,
        "warnings": [],
    }


def test_what_a_document_kept_goes_with_it(tmp_path):
    """The second document keeps `seven eight nine`, then has too few words left: nobody keeps them."""
    texts = [
        "zero one two three four five six",
        "one two three, seven eight nine",
        "seven eight nine and more and more",
    ]
    config = SubstringDedupConfig(min_tokens=3, min_words_left=4, prefer=("first",))
    got = run(write_corpus(tmp_path, texts), tmp_path, config)
    assert (got.cuts, got.removed) == ([oracle.Cut(2, 0, 17, -1)], [(1, 0)])
    assert pq.read_table(tmp_path / "cuts.parquet")["keeper_id"].to_pylist() == [None]


def test_conversations_are_compared_but_not_cut(tmp_path):
    texts = ["one two three four", "one two three four five", "one two three four"]
    documents = write_corpus(tmp_path, texts)
    path = documents.shards[0].path
    table = pq.read_table(path)
    messages = pa.array(
        [[], [{"role": "user", "content": texts[1], "train": False}], None], table.schema.field("messages").type
    )
    pq.write_table(table.set_column(table.schema.get_field_index("messages"), "messages", messages), path)
    got = run(documents, tmp_path, SubstringDedupConfig(min_tokens=3))
    assert (got.cuts, got.removed) == ([], [(2, 1)])
    assert (got.cuts, got.removed) == oracle.outcome(texts, min_tokens=3, conversations=[0, 1])


def test_documents_that_are_gone_already_take_no_part(tmp_path):
    texts = ["one two three four", "one two three four", "one two three four and more"]
    documents = write_corpus(tmp_path, texts)
    write_verdicts(tmp_path / "gone.arrow", rows((2, 0, 1.0)))
    got = run(
        Documents(documents.shards, (str(tmp_path / "gone.arrow"),)), tmp_path, SubstringDedupConfig(min_tokens=3)
    )
    assert (got.counts["in"], got.cuts, got.removed) == (2, [], [(1, 0)])


def test_a_second_run_reads_what_the_first_has_left_and_new_neighbours_may_repeat(tmp_path):
    """Without `x` and `y`, `a b` and `c d` are neighbours in both. Lee et al. know the same effect."""
    x, y = "one two three four", "five six seven eight"
    texts = [f"a b {x} c d", f"e f a b {y} c d g", f"{x}: {y} longest longest "]
    config = SubstringDedupConfig(min_tokens=4)
    documents = write_corpus(tmp_path, texts)
    first = run(documents, tmp_path / "1", config)
    verdicts = (str(tmp_path / "1" / "verdicts.arrow"), str(tmp_path / "1" / "cuts.arrow"))
    second = run(Documents(documents.shards, verdicts), tmp_path / "2", config)
    left = [text for _, text in left_by(texts, first)]
    assert left == ["a b c d", "e f a b c d g", texts[2]]
    assert (second.cuts, second.removed) == oracle.outcome(left, min_tokens=4) == ([], [(0, 1)])


def test_the_result_has_the_same_bytes_for_any_shards_passes_batches_and_order_of_tasks(tmp_path, monkeypatch):
    texts = repetitive(random.Random(11), 200)
    config = SubstringDedupConfig(min_tokens=4)
    first = run(write_corpus(tmp_path / "0", texts), tmp_path / "0", config)
    setups = [
        ([1, 2, 150], LocalEngine(backwards=True)),
        (list(range(20, 200, 20)), LocalEngine(shuffle_bytes=30_000)),
    ]
    for i, (cuts, engine) in enumerate(setups):
        with monkeypatch.context() as patch:
            patch.setattr(substring_dedup_keys, "TABLE_WINDOWS", 100)
            patch.setattr(substring_dedup_keys, "TEXT_BLOCK_BYTES", 100)
            patch.setattr(read_shard, "__defaults__", ((), None, 3, None))
            got = run(write_corpus(tmp_path / str(i + 1), texts, cuts), tmp_path / str(i + 1), config, engine)
        assert got.files == first.files
    assert (first.cuts, first.removed) == oracle.outcome(texts, min_tokens=4)
    assert len(first.cuts) > 100


@pytest.mark.slow
def test_worker_processes_come_to_the_same_bytes_also_after_a_half_finished_run(tmp_path):
    texts = repetitive(random.Random(11), 300)
    config = SubstringDedupConfig(min_tokens=6)
    alone = run(write_corpus(tmp_path / "1", texts), tmp_path / "1", config)
    workers = Engine(EngineConfig(shuffle_bytes=100_000), workers=2)
    documents = write_corpus(tmp_path / "2", texts, [100, 200])
    assert run(documents, tmp_path / "2", config, workers) == alone
    for lost in ("anchors/000001.json", "windows_groups/000000.npy", "windows_groups/000000.json", "cuts/000000.json"):
        (tmp_path / "2" / "work" / lost).unlink()
    assert run(documents, tmp_path / "2", config, workers) == alone


def test_nothing_to_compare(tmp_path):
    assert run(Documents(()), tmp_path / "none").counts["in"] == 0
    got = run(write_corpus(tmp_path, ["", "...", "too short", "too short"]), tmp_path)
    assert (got.cuts, got.removed, got.counts["windows_compared"]) == ([], [], 0)


@pytest.mark.slow
def test_a_word_repeated_and_a_document_of_twenty_megabytes(tmp_path):
    """Both finish in seconds, with the right answer: of what repeats itself one period stays, of two copies one."""
    chance = random.Random(3)
    story = " ".join(f"w{chance.randrange(10**6)}" for _ in range(1_200_000))
    texts = ["spam " * 10**6, story + " " + story]
    began = time.process_time()
    got = run(write_corpus(tmp_path, texts), tmp_path)
    seconds = time.process_time() - began
    assert len(texts[1]) > 18e6
    left = dict(left_by(texts, got))
    assert left[0] == "spam "
    assert left[1].rstrip() == story
    assert seconds < 30


def test_a_template_with_a_word_of_its_own_every_45_words_has_no_repeats(tmp_path):
    """Anchors are repeated, windows never: the worst case of the second round."""
    template = [" ".join(f"t{j}" for j in range(i * 45, i * 45 + 45)) for i in range(4)]
    texts = [" ".join(f"{part} own{i}n{k}" for k, part in enumerate(template)) for i in range(2000)]
    got = run(write_corpus(tmp_path, texts, cuts=[1000]), tmp_path)
    assert (got.cuts, got.removed) == ([], [])
    assert got.counts["windows_compared"] > 2000 * 20


def test_copies_of_one_document_are_compared_once_a_shard(tmp_path):
    text = " ".join(f"w{i}" for i in range(100))
    documents = write_corpus(tmp_path, [text] * 4000 + [f"{text} end"] * 1000, cuts=[2000])
    got = run(documents, tmp_path)
    assert got.removed == [(d, 4000) for d in range(5000) if d != 4000]
    rows = [json.loads(path.read_text())["rows"] for path in (tmp_path / "work" / "windows").glob("*.json")]
    assert all(count <= 2 * 52 for count in rows)


def real_texts(name, limit, most_bytes):
    import zstandard

    lines = zstandard.open(shared(name), "rt", encoding="utf-8").read().split("\n")
    texts, size = [], 0
    for line in lines:
        if line and (text := json.loads(line).get("text")) and len(text) < limit and size < most_bytes:
            texts.append(text)
            size += len(text)
    return texts


def test_real_texts_are_cut_as_the_definition_says(tmp_path):
    texts = real_texts("corpus/reuters21578.jsonl.zst", 10_000, 250_000)
    texts += real_texts("neardup/license_texts.jsonl.zst", 8_000, 250_000)
    got = run(write_corpus(tmp_path, texts, cuts=[300]), tmp_path)
    assert (got.cuts, got.removed) == oracle.outcome(texts, min_tokens=50)
    assert len(got.cuts) > 100


def test_real_texts_lose_the_words_that_a_suffix_array_finds(tmp_path):
    """Another way to the same end: suffixes of the text with single blanks sorted, common prefixes, spans of words."""
    texts = real_texts("neardup/license_texts.jsonl.zst", 5_000, 150_000)
    texts += real_texts("corpus/reuters21578.jsonl.zst", 5_000, 150_000)
    texts = [re.sub(r"\s+", " ", text) for text in texts]
    config = SubstringDedupConfig(min_tokens=50, prefer=("first",))
    got = run(write_corpus(tmp_path, texts, cuts=[100]), tmp_path, config)
    words = [[(len(text[:a].encode()), len(text[:b].encode())) for a, b in oracle.word_spans(text)] for text in texts]
    covered = covered_by_suffix_array([text.encode() for text in texts], words, 50)
    cut = set()
    gone = {d for d, _ in got.removed}
    for d, spans in enumerate(words):
        here = [c for c in got.cuts if c.ordinal == d]
        cut |= {(d, w) for w, (a, b) in enumerate(spans) if d in gone or any(c.start <= a and b <= c.end for c in here)}
    assert cut == covered
    assert len(cut) > 2000


def covered_by_suffix_array(texts, words, window_words):
    """(document, word) of every word in a window that stands earlier too."""
    starts, ends, owners, base = [], [], [], 0
    for d, spans in enumerate(words):
        for w in range(len(spans) - window_words + 1):
            starts.append(base + spans[w][0])
            ends.append(base + spans[w + window_words - 1][1])
            owners.append((d, w))
        base += len(texts[d]) + 1
    seen = suffix_array.seen_before(b"\0".join(texts), starts, ends, range(len(starts)))
    return {(d, w + i) for (d, w), is_seen in zip(owners, seen, strict=True) if is_seen for i in range(window_words)}


@pytest.mark.slow
def test_through_the_command_line_text_is_cut_and_edits_say_where(tmp_path):
    """Whatever the order of files, the size of slices and the number of workers."""
    passage = " ".join(f"word{i}" for i in range(60))
    texts = [f"one{i}\n{passage}\n\ntwo{i}" for i in range(6)] + [passage, f"{passage} and the longest of all of them"]
    paths = []
    for i in range(4):
        paths.append(tmp_path / f"{i}.jsonl")
        paths[-1].write_text("".join(json.dumps({"text": text}) + "\n" for text in texts[i * 2 : i * 2 + 2]))
    found = []
    for i, (order, workers, slice_bytes) in enumerate([(paths, "1", 2**20), (paths[::-1], "2", 1024)]):
        recipe = write_recipe(
            tmp_path / f"{i}.yaml",
            run_dir=str(tmp_path / f"run{i}"),
            input=[{"format": "jsonl", "paths": [str(path) for path in order]}],
            slice_bytes=slice_bytes,
            stages=[{"substring_dedup": {}}],
        )
        done = corpusmill("run", str(recipe), "--workers", workers)
        assert done.returncode == 0, done.stderr
        run_dir = tmp_path / f"run{i}"
        found.append(
            [ds.dataset(run_dir / name).to_table().to_pylist() for name in ("documents", "duplicates", "cuts")]
        )
    assert found[0] == found[1]
    kept, gone, cuts = found[0]
    assert [row["text"] for row in kept] == [f"one{i}\n\ntwo{i}" for i in range(6)] + [texts[7]]
    assert [row["edits"] for row in kept[:6]] == [[{"start": 4, "end": 5 + len(passage), "new_length": 0}]] * 6
    longest = kept[-1]["doc_id"]
    assert [(row["keeper_id"], row["kind"], row["jaccard"]) for row in gone] == [(longest, "substring", None)]
    assert [(row["doc_id"], row["keeper_id"]) for row in cuts] == [(row["doc_id"], longest) for row in kept[:6]]
    assert "substring_duplicate" in (tmp_path / "run0" / "report.html").read_text()
