import numpy as np
import pyarrow as pa
import pytest

from pipeline.config import NearDedupConfig
from pipeline.stages import near_dedup_shingles
from pipeline.stages.near_dedup_shingles import ShingleTask, shingled, write_shingle_sets
from tests.deduped import write_corpus
from tests.oracles import near_dedup as oracle

TEXTS = ["One two three four.", "", "日本語 x", "??", "one, two; THREE four", "ไทย " * 30]


@pytest.mark.parametrize("block_bytes", [1, 25, 2**18])
def test_shingles_do_not_depend_on_blocks(monkeypatch, block_bytes):
    monkeypatch.setattr(near_dedup_shingles, "TEXT_BLOCK_BYTES", block_bytes)
    found, num_blocks = [], 0
    for block_rows, shingle_S, offsets in shingled(
        pa.array(["cut off", *TEXTS]).slice(1), NearDedupConfig(shingle_words=2)
    ):
        assert block_rows.start == len(found)
        found += [part.tolist() for part in np.split(shingle_S, offsets[1:-1])]
        num_blocks += 1
    assert found == [oracle.shingles(text, 2) for text in TEXTS]
    assert num_blocks == {1: 6, 25: 4, 2**18: 1}[block_bytes]


def test_shingle_sets_of_nominated_documents(tmp_path):
    documents = write_corpus(tmp_path, ["before", *TEXTS], cuts=[1])
    np.save(tmp_path / "nominated.npy", np.array([0, 1, 3, 6]))
    path = str(tmp_path / "sets.arrow")
    config = NearDedupConfig(shingle_words=2)
    task = ShingleTask(documents.shards[1], (), str(tmp_path / "nominated.npy"), config, path)
    assert write_shingle_sets(task) == {"documents": 3}
    table = pa.ipc.open_file(path).read_all()
    assert table.column("ordinal").to_pylist() == [1, 3, 6]
    assert np.argsort(table.column("rank_0").to_numpy()).tolist() == [2, 0, 1]  # the longest first
    assert table.column("shingles").to_pylist() == [sorted(set(oracle.shingles(TEXTS[i], 2))) for i in (0, 2, 5)]


ODD = [
    "Caf\u00e9 N\u00b0 12,345 na\u00efve",
    "cafe n\u00b0 0,0 NAIVE",
    "",
    "\u65e5\u672c\u8a9e \u0e44\u0e17\u0e22 \ud55c\uad6d\uc5b4",
    "a\u3000 b\t\nc  ",
]


@pytest.mark.parametrize("normalize", ["words", "cased", "fineweb"])
def test_normalisations_of_words(normalize):
    config = NearDedupConfig(shingle_words=2, normalize=normalize)
    found = []
    for _, shingle_S, offsets in shingled(pa.array(ODD), config):
        found += [set(part.tolist()) for part in np.split(shingle_S, offsets[1:-1])]
    if normalize == "cased":
        assert found[0] != found[1]
        assert len(found[0] & found[1]) == 0
    else:
        assert found == [set(oracle.shingles(oracle.normalized(text, normalize), 2)) for text in ODD]
    assert (found[0] == found[1]) == (normalize == "fineweb")


@pytest.mark.parametrize(
    ("normalize", "same"),
    [
        ("cased", []),
        ("words", [("A  b\n", "a b"), ("\u00c9", "\u00e9"), ("x\u3000y", "x y")]),
        ("fineweb", [("\u00c9\u00e9, 12!", "ee 0"), ("a.b", "a b")]),
    ],
)
def test_normalisations_of_characters(normalize, same):
    config = NearDedupConfig(shingle_chars=3, normalize=normalize)

    def sets(*texts):
        return [
            set(part.tolist())
            for _, shingle_S, offsets in shingled(pa.array(texts), config)
            for part in np.split(shingle_S, offsets[1:-1])
        ]

    for one, other in same:
        first, second = sets(one, other)
        assert first == second
    texts = ["Abc abd", "abc abd", "ab", ""]
    plain = texts if normalize == "cased" else [text.lower() for text in texts]
    assert sets(*texts) == [set(oracle.char_shingles(text, 3)) for text in plain]
