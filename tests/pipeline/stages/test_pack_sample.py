import numpy as np
import pyarrow as pa

from pipeline.io.dataset import Documents, write_verdicts
from pipeline.stages import pack_sample
from pipeline.stages.pack_sample import sample_texts
from tests.pipeline.stages.pack_cases import commit, document

ROWS = [
    document(i, f"text {i}", messages=[("user", f"said {i}"), ("user", None)] if i % 3 == 0 else None)
    for i in range(40)
]
WHOLE = {row["text"] for row in ROWS} | {f"said {i}" for i in range(0, 40, 3)}


def test_a_small_corpus_is_sampled_whole(tmp_path):
    texts = sample_texts(commit(tmp_path, ROWS, (7, 7, 20)), 0)
    assert set(texts) == WHOLE
    assert len(texts) == len(WHOLE)


def test_the_seed_picks(tmp_path, monkeypatch):
    monkeypatch.setattr(pack_sample, "SAMPLE_DOCUMENTS", 16)
    documents = commit(tmp_path, ROWS, tuple(range(2, 40, 2)))
    samples = [sample_texts(documents, seed) for seed in (0, 0, 1)]
    assert samples[0] == samples[1]
    assert set(samples[0]) != set(samples[2])
    assert set(samples[0]) < WHOLE


def test_sizes_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(pack_sample, "SAMPLE_CHARS", 50)
    monkeypatch.setattr(pack_sample, "TEXT_CHARS", 6)
    texts = sample_texts(commit(tmp_path, ROWS), 0)
    assert {len(text) for text in texts} == {6}
    assert sum(map(len, texts)) == 48


def test_removed_documents_are_no_part(tmp_path):
    gone = pa.table({"ordinal": np.arange(39), "keeper": np.full(39, -1), "jaccard": np.ones(39)})
    write_verdicts(tmp_path / "verdicts.arrow", gone)
    documents = commit(tmp_path / "in", ROWS)
    assert set(sample_texts(Documents(documents.shards, (str(tmp_path / "verdicts.arrow"),)), 0)) == {
        "text 39",
        "said 39",
    }
    assert sample_texts(Documents(), 0) == []
