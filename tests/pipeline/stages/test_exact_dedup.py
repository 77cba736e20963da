import json
import random

import pyarrow as pa
import pyarrow.parquet as pq
import xxhash
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from pipeline.config import ExactDedupConfig
from pipeline.io.dataset import Documents, Shard, write_verdicts
from pipeline.schema import document_schema
from pipeline.stages.exact_dedup import exact_dedup_job, normalized_urls, text_hashes
from tests.deduped import LocalEngine, doc_id, write_corpus
from tests.oracles.words import word_hash, words
from tests.pipeline.stages.test_duplicates import rows
from tests.shared_data import shared


def run(documents, folder, engine=None, **settings):
    folder.mkdir(parents=True, exist_ok=True)
    out, evidence = folder / "exact.arrow", folder / "exact.parquet"
    counts = exact_dedup_job(
        engine or LocalEngine(),
        documents,
        ExactDedupConfig.model_validate(settings),
        out_path=str(out),
        evidence_path=str(evidence),
        work_dir=str(folder / "work"),
        key="key",
    )
    pairs = pq.read_table(evidence).to_pylist() if evidence.exists() else []
    counts = {name: counts[name] for name in ("in", "out", "duplicates", "biggest_group")}
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


def shard_of(folder, rows, lifted=None):
    """One shard of these documents, `position` as given by their order."""
    folder.mkdir(parents=True, exist_ok=True)
    filled = [{"doc_id": doc_id(i), "source": "s", "position": i} | row for i, row in enumerate(rows)]
    pq.write_table(pa.Table.from_pylist(filled, document_schema(lifted)), folder / "0.parquet")
    return Documents((Shard(str(folder / "0.parquet"), len(rows), 0, 1),))


def test_the_keeper_rules_choose_who_stays(tmp_path):
    rows = [{"text": "same", "score": s, "source": f"{name}/x"} for s, name in [(1.0, "a"), (3.0, "b"), (3.0, "c")]]
    documents = shard_of(tmp_path, rows, {"score": "float64"})
    for prefer, keeper in [
        (["longest", "first"], 0),
        ([{"highest": "score"}], 1),
        ([{"highest": "score"}, {"source_priority": ["c/*"]}], 2),
        (["first", {"highest": "score"}], 0),
        ([{"source_priority": ["c/*", "b/*"]}, {"highest": "score"}], 2),
    ]:
        _, pairs, _ = run(documents, tmp_path / str(keeper) / str(len(prefer)), prefer=prefer)
        assert pairs == [(doc_id(i), doc_id(keeper)) for i in range(3) if i != keeper]


# Every example runs a pipeline: shrinking a failure would take minutes.
@settings(max_examples=10, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(data=st.data())
def test_folded_texts_are_equal_where_their_words_are(tmp_path_factory, data):
    pieces = ["Word", "word", "WORD", " ", "\n", "!?", "don't", "日", "本", "é", "É", "-", "x2", ""]
    texts = data.draw(st.lists(st.lists(st.sampled_from(pieces), max_size=4).map("".join), min_size=1, max_size=12))
    folder = tmp_path_factory.mktemp("folded")
    counts, pairs, _ = run(write_corpus(folder, texts), folder, normalize="folded")
    longest: dict[tuple[int, ...], int] = {}
    keys = [tuple(map(word_hash, words(text))) for text in texts]
    for i, key in enumerate(keys):
        if key not in longest or len(texts[i]) > len(texts[longest[key]]):
            longest[key] = i
    expected = [(doc_id(i), doc_id(longest[key])) for i, key in enumerate(keys) if key and longest[key] != i]
    assert pairs == expected
    assert counts["out"] == len(texts) - len(expected)


def test_addresses_are_compared_as_c4_does(tmp_path):
    """Expected by hand, after the three steps of `normalize_url` in tensorflow_datasets' c4_utils.py."""
    same = [
        "http://www.a.org/x/",
        "https://a.org/x",
        "a.org/x//",
        "https://www.a.org/x?utm_source=b&y=1",
        "a.org/x?ref=z",
    ]
    other = ["http://a.org/x?y=1", "http://a.org/X", "http://b.org", None, None, "", "http://www.b.org/?feed=rss"]
    assert set(normalized_urls(pa.array(same)).to_pylist()) == {"a.org/x"}
    assert normalized_urls(pa.array(other)).to_pylist() == ["a.org/x?y=1", "a.org/X", "b.org", "", "", "", "b.org"]
    rows = [{"text": str(i), "url": url} for i, url in enumerate([*same, *other])]
    counts, pairs, _ = run(shard_of(tmp_path, rows), tmp_path / "out", normalize="url", prefer=["first"])
    assert pairs == [(doc_id(i), doc_id(0)) for i in (1, 2, 3, 4)] + [(doc_id(11), doc_id(7))]
    assert counts == {"in": 12, "out": 7, "duplicates": 5, "biggest_group": 5}
    evidence = pq.read_table(tmp_path / "out" / "exact.parquet")
    assert evidence.column("kind").unique().to_pylist() == ["url"]
    assert evidence.column("jaccard").null_count == 5


def test_copies_among_real_news(tmp_path):
    import zstandard

    lines = zstandard.open(shared("corpus/reuters21578.jsonl.zst"), "rt", encoding="utf-8").read().split("\n")
    texts = [json.loads(line)["text"] for line in lines[:6000]]
    _, pairs, _ = run(write_corpus(tmp_path, texts, cuts=[1000, 4000]), tmp_path)
    assert pairs == copies(texts)
    assert len(pairs) > 100
