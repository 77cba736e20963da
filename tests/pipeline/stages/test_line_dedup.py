import json
import os
import random
import subprocess
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pipeline.config import EngineConfig, LineDedupConfig
from pipeline.errors import RunFailedError
from pipeline.io.dataset import Documents, read_shard, write_verdicts
from pipeline.schema import document_schema
from pipeline.stages import equal_keys, line_dedup_answers
from pipeline.stages.engine import Engine
from pipeline.stages.line_dedup import line_dedup_job
from tests.datatrove import read_jsonl
from tests.deduped import LocalEngine, doc_id, write_corpus
from tests.oracles import line_dedup as oracle
from tests.pipeline.stages.test_duplicates import rows
from tests.runs import corpusmill, write_recipe
from tests.shared_data import shared


class Outcome(NamedTuple):
    counts: dict
    left: list
    files: list
    folder: object


def run(documents, folder, config=None, engine=None):
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in ("verdicts.arrow", "cuts.arrow", "duplicates.parquet", "cuts.parquet")]
    counts = line_dedup_job(
        engine or LocalEngine(),
        documents,
        config or LineDedupConfig(min_sentences_left=None),
        out_path=str(paths[0]),
        cuts_path=str(paths[1]),
        evidence_path=str(paths[2]),
        cuts_evidence_path=str(paths[3]),
        work_dir=str(folder / "work"),
        key="key",
    )
    assert counts["in"] == counts["out"] + counts["duplicates"]
    verdicts = (*documents.verdicts, str(paths[0]), str(paths[1]))
    left = [None] * documents.rows
    for shard in documents.shards:
        for batch, ordinals in read_shard(shard, verdicts, ["text"]):
            for ordinal, text in zip(ordinals.tolist(), batch.column("text").to_pylist(), strict=True):
                left[ordinal] = text
    return Outcome(counts, left, [path.read_bytes() for path in paths if path.exists()], folder)


def evidence(outcome, name):
    path = outcome.folder / f"{name}.parquet"
    return pq.read_table(path).to_pylist() if path.exists() else []


def repetitive(chance, num_docs):
    """Texts of few lines and sentences, so that they repeat inside documents and across them."""
    parts = ["A b.", "a B.", "One", "Two 2!", "Two 3!", "日本。", "—", "é", " x "][: chance.randint(2, 9)]
    gaps = ["\n", "\n", "\n", "\r\n", "\n\n", " ", " \n\n"]
    return [
        chance.choice(["", "\n"])
        + "".join(chance.choice(parts) + chance.choice(gaps) for _ in range(chance.randint(0, 12)))
        + chance.choice(["", "end", "One"])
        for _ in range(num_docs)
    ]


def tiny_pieces(monkeypatch, *, batch_rows=7):
    """So that a small corpus goes through many ranges, answer files and batches."""
    monkeypatch.setattr(equal_keys, "RANGE_BYTES", 300)
    monkeypatch.setattr(line_dedup_answers, "GROUP_FILES", 2)
    monkeypatch.setattr(read_shard, "__defaults__", ((), None, batch_rows, None))


# Every example runs pipelines: shrinking a failure would take minutes.
@settings(
    max_examples=5,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    seed=st.integers(0, 10**6),
    num_docs=st.integers(0, 14),
    num_cuts=st.integers(0, 3),
    profile=st.sampled_from(["c4", "ccnet", "fineweb"]),
    more=st.fixed_dictionaries(
        {},
        optional={
            "unit": st.sampled_from(["line", "paragraph", "sentence"]),
            "window": st.integers(1, 3),
            "keep": st.sampled_from(["one", "none"]),
            "prefer": st.just(("longest", "first")),
            "min_count": st.integers(2, 4),
            "min_chars": st.integers(0, 4),
            "min_words_left": st.sampled_from([None, 2]),
            "min_sentences_left": st.sampled_from([None, 2]),
        },
    ),
)
def test_what_is_left_is_what_the_definition_leaves(tmp_path_factory, seed, num_docs, num_cuts, profile, more):
    chance = random.Random(seed)
    texts = repetitive(chance, num_docs)
    config = LineDedupConfig.model_validate({"profile": profile, "min_words_left": None} | more)
    cuts = sorted(chance.sample(range(1, num_docs), min(num_cuts, num_docs - 1))) if num_docs > 1 else []
    folder = tmp_path_factory.mktemp("run")
    outcome = run(write_corpus(folder / "documents", texts, cuts), folder, config)
    wanted = oracle.dedup(texts, config)
    assert outcome.left == wanted.left
    assert outcome.counts["units"] == sum(wanted.counts.values())
    assert outcome.counts["distinct"] == len(wanted.counts) == sum(outcome.counts["histogram"].values())
    assert outcome.counts["repeated"] == sum(count >= config.min_count for count in wanted.counts.values())
    most = [one["count"] for one in outcome.counts["most_frequent"]]
    assert most == sorted((count for count in wanted.counts.values() if count > 1), reverse=True)[:20]


def test_one_copy_of_each_line_stays(tmp_path):
    texts = ["Menu\nfirst page\nMenu\n", " menu\r\nsecond page", "MENU", "first page\nmenu\nthird"]
    outcome = run(write_corpus(tmp_path / "d", texts, cuts=[1, 3]), tmp_path)
    assert outcome.left == ["Menu\nfirst page\n", "second page", None, "third"]
    assert evidence(outcome, "cuts") == [
        {"doc_id": doc_id(0), "start": 15, "end": 20, "keeper_id": doc_id(0), "kind": "line"},
        {"doc_id": doc_id(1), "start": 0, "end": 7, "keeper_id": doc_id(0), "kind": "line"},
        {"doc_id": doc_id(3), "start": 0, "end": 11, "keeper_id": doc_id(0), "kind": "line"},
        {"doc_id": doc_id(3), "start": 11, "end": 16, "keeper_id": doc_id(0), "kind": "line"},
    ]
    assert [(r["doc_id"], r["keeper_id"], r["kind"]) for r in evidence(outcome, "duplicates")] == [
        (doc_id(2), doc_id(0), "line")
    ]
    counts = outcome.counts
    assert (counts["in"], counts["out"], counts["duplicates"], counts["documents_cut"]) == (4, 3, 1, 3)
    assert (counts["units"], counts["distinct"], counts["repeated"], counts["units_cut"]) == (9, 4, 2, 5)
    assert (counts["passages_cut"], counts["bytes_cut"]) == (4, 28)
    assert counts["histogram"] == {"1": 2, "2": 1, "4": 1}
    assert counts["most_frequent"] == [
        {"count": 5, "documents": 4, "text": "Menu"},
        {"count": 2, "documents": 2, "text": "first page"},
    ]


def test_ccnet_leaves_no_copy_of_what_two_documents_have_and_the_first_of_what_one_has(tmp_path):
    texts = ["Page 1 of 9\n\nown\nown\nmore", "page 2 of 9\n\nother", "Page 3 of 7"]
    outcome = run(write_corpus(tmp_path / "d", texts, cuts=[1]), tmp_path, LineDedupConfig(profile="ccnet"))
    assert outcome.left == ["own\nmore", "other", None]
    keepers = [row["keeper_id"] for row in evidence(outcome, "cuts")]
    assert keepers == [None, None, doc_id(0), None, None]
    assert outcome.counts["most_frequent"][0] == {"count": 3, "documents": 3, "text": "Page 1 of 9"}


def test_three_sentences_are_cut_where_they_were_seen_and_little_text_goes(tmp_path):
    words = " ".join(f"word{i}" for i in range(60))
    seen = "It rains. It pours! The old man snores."
    texts = [f"{words}. {seen} Yes. No.", "", seen]
    texts[1] = f"So it is. It RAINS? it pours. The old man, snores. {words}. Yes. No."
    outcome = run(write_corpus(tmp_path / "e", texts), tmp_path / "again", LineDedupConfig(profile="fineweb"))
    assert outcome.left == [texts[0], f"So it is. {words}. Yes. No.", None]


def test_what_a_document_kept_goes_with_it(tmp_path):
    texts = ["menu\nhello\nhello", "menu\nlong enough to stay"]
    config = LineDedupConfig(min_words_left=3, min_sentences_left=None)
    outcome = run(write_corpus(tmp_path / "d", texts), tmp_path, config)
    assert outcome.left == [None, "long enough to stay"]
    assert [row["keeper_id"] for row in evidence(outcome, "cuts")] == [None]


def test_keeper_rules_say_where_the_copy_stays(tmp_path):
    texts = ["menu\nshort", "menu\nlonger text"]
    config = LineDedupConfig(prefer=("longest", "first"), min_sentences_left=None)
    outcome = run(write_corpus(tmp_path / "d", texts, cuts=[1]), tmp_path, config)
    assert outcome.left == ["short", "menu\nlonger text"]


def test_conversations_are_compared_but_not_cut(tmp_path):
    messages = [{"role": "user", "content": "menu", "train": False}]
    table = pa.Table.from_pylist(
        [
            {"doc_id": doc_id(d), "source": "test", "position": d, "text": "menu\nmenu\nmore", "messages": talk}
            for d, talk in enumerate([messages, None, messages])
        ],
        document_schema(),
    )
    documents = write_corpus(tmp_path, ["", "", ""])
    pq.write_table(table, documents.shards[0].path)
    assert run(documents, tmp_path).left == ["menu\nmenu\nmore", None, "menu\nmenu\nmore"]


def test_documents_that_are_gone_already_take_no_part(tmp_path):
    documents = write_corpus(tmp_path, ["menu\na", "menu\nb", "menu\nc"])
    gone = tmp_path / "gone.arrow"
    write_verdicts(gone, rows((0, 1, 0.9)))
    outcome = run(Documents(documents.shards, (str(gone),)), tmp_path)
    assert outcome.left == [None, "menu\nb", "c"]
    assert outcome.counts["in"] == 2


def test_the_result_has_the_same_bytes_for_any_shards_passes_batches_and_order_of_tasks(tmp_path, monkeypatch):
    texts = repetitive(random.Random(5), 200)
    config = LineDedupConfig(prefer=("longest",))
    engines = [
        ([], LocalEngine()),
        ([1, 100], LocalEngine(backwards=True)),
        (list(range(20, 200, 20)), LocalEngine(shuffle_bytes=1000)),
    ]
    results = []
    for i, (cuts, engine) in enumerate(engines):
        if i:
            tiny_pieces(monkeypatch)
        folder = tmp_path / str(i)
        results.append(run(write_corpus(folder / "d", texts, cuts), folder, config, engine))
    assert results[0].files == results[1].files == results[2].files
    assert results[0].counts == results[1].counts == results[2].counts
    assert results[0].left == oracle.dedup(texts, config).left
    assert engines[2][1].tasks["line_dedup: groups"] > 2


def test_worker_processes_come_to_the_same_bytes_also_after_a_half_finished_run(tmp_path):
    texts = repetitive(random.Random(6), 60)
    documents = write_corpus(tmp_path / "d", texts, [20, 40])
    wanted = run(documents, tmp_path / "0")
    engine = Engine(EngineConfig(), workers=2)
    assert run(documents, tmp_path / "1", engine=engine).files == wanted.files
    (tmp_path / "1" / "work" / "cuts" / "000001.json").unlink()
    again = run(documents, tmp_path / "1", engine=engine)
    assert (again.files, again.counts) == (wanted.files, wanted.counts)


def test_a_tripwire_stops_a_job_that_takes_too_much(tmp_path):
    tripwires = {"max_source_share": 0.5, "min_source_documents": 1, "action": "stop"}
    config = LineDedupConfig.model_validate({"tripwires": tripwires})
    with pytest.raises(RunFailedError, match="test"):
        run(write_corpus(tmp_path / "d", ["the same line\nagain"] * 9), tmp_path, config)


def test_nothing_to_compare(tmp_path):
    assert run(Documents(()), tmp_path / "a").counts["units"] == 0
    outcome = run(write_corpus(tmp_path / "b" / "d", ["", "\n\n", "a"]), tmp_path / "b")
    assert outcome.left == ["", "\n\n", "a"]
    assert (outcome.counts["units"], outcome.counts["most_frequent"]) == (1, [])


def test_a_run_writes_the_text_that_is_left_and_what_was_cut(tmp_path):
    texts = ["Menu\nOne page of text.", "Menu\nAnother page of text.", "Menu"]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    recipe = write_recipe(
        tmp_path / "recipe.yaml",
        run_dir=str(tmp_path / "run"),
        input=[{"format": "jsonl", "paths": [str(tmp_path / "in.jsonl")]}],
        engine={"workers": 1},
        stages=[{"line_dedup": {"min_sentences_left": None}}],
    )
    done = corpusmill("run", str(recipe))
    assert done.returncode == 0, done.stderr
    documents = ds.dataset(tmp_path / "run" / "documents").to_table().to_pylist()
    assert [row["text"] for row in documents] == ["Menu\nOne page of text.", "Another page of text."]
    assert [row["edits"] for row in documents] == [None, [{"start": 0, "end": 5, "new_length": 0}]]
    cuts = ds.dataset(tmp_path / "run" / "cuts").to_table().to_pylist()
    assert [(row["doc_id"], row["keeper_id"]) for row in cuts] == [(documents[1]["doc_id"], documents[0]["doc_id"])]
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert "line_duplicate" in json.dumps(report)


GOLDEN = Path(__file__).parents[2] / "golden" / "datatrove_lines.jsonl.zst"
SCRIPT = GOLDEN.with_name("make_datatrove_lines.py")


def left_by_windows_of_lines(texts, folder):
    """As datatrove's SentenceDedup with split_sentences=False and no lower bounds, but for white space in front."""
    settings = {"profile": "fineweb", "unit": "line", "min_words_left": None, "min_sentences_left": None}
    outcome = run(
        write_corpus(folder / "d", texts, [len(texts) // 2]), folder, LineDedupConfig.model_validate(settings)
    )
    return [text if text is None else text.lstrip() for text in outcome.left]


def test_windows_of_lines_are_cut_as_datatrove_cuts_them(tmp_path):
    golden = read_jsonl(GOLDEN)
    left = left_by_windows_of_lines([row["text"] for row in golden], tmp_path)
    assert left == [row["left"] for row in golden]
    assert sum(row["left"] is None for row in golden) > 10
    assert sum(row["left"] not in (None, row["text"]) for row in golden) > 10


@pytest.mark.slow
def test_windows_of_real_lines_are_cut_as_datatrove_cuts_them(tmp_path):
    """Texts without blank lines, which are lines like others there, and without line ends but line feeds."""
    python = os.environ.get("CORPUSMILL_PEERS")
    if not python:
        pytest.skip("set CORPUSMILL_PEERS to the Python of a virtual environment that has datatrove")
    texts = ["\n".join(line for line in text.splitlines() if line.strip()).lstrip() for text in real_pages()]
    texts = [text for text in texts if text]
    (tmp_path / "texts.json").write_text(json.dumps(texts))
    subprocess.run([python, SCRIPT, "--texts", tmp_path / "texts.json", tmp_path / "rows.zst"], check=True)
    rows = read_jsonl(tmp_path / "rows.zst")
    assert left_by_windows_of_lines(texts, tmp_path) == [row["left"] for row in rows]
    assert sum(row["left"] != row["text"] for row in rows) > 50


def real_pages():
    """PEPs with their lines, and news: texts with lines that repeat."""
    lines = zstandard.open(shared("corpus/peps.jsonl.zst"), "rt", encoding="utf-8").read().split("\n")
    return [json.loads(line)["text"] for line in lines if line][:150]


@pytest.mark.slow
def test_real_lines_are_those_that_a_port_of_c4_keeps(tmp_path):
    """Pages without blank lines, as C4's earlier rules leave them; ranked as C4 ranks them, by the hash of the URL."""
    import hashlib

    def page(text):
        return "\n".join(line for line in text.split("\n") if line.strip())

    pages = sorted(((f"url{i}", page(text)) for i, text in enumerate(real_pages())), key=_by_md5(hashlib))
    pages = [(url, text) for url, text in pages if text]
    texts = [text for _, text in pages]
    outcome = run(write_corpus(tmp_path / "d", texts, [50]), tmp_path)
    assert [text or "" for text in outcome.left] == oracle.c4_remaining(pages)
    assert outcome.counts["units_cut"] > 5000


def _by_md5(hashlib):
    return lambda page: hashlib.md5(page[0].encode()).hexdigest()


@pytest.mark.slow
def test_real_lines_are_those_that_a_port_of_ccnet_keeps(tmp_path):
    """But for the final line end, behind which CCNet sees one more blank line."""
    texts = [text.rstrip("\n") for text in real_pages()]
    outcome = run(write_corpus(tmp_path / "d", texts, [50]), tmp_path, LineDedupConfig(profile="ccnet"))
    assert outcome.left == oracle.ccnet_remaining(texts)
    assert outcome.counts["units_cut"] > 5000
