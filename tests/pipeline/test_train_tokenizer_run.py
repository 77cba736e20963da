"""`train_tokenizer` as a user meets it: the same bytes however a run goes, and an answer to what can't be."""

import json
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from subprocess import CompletedProcess

import datasets
import pytest
import sentencepiece
from tokenizers import Tokenizer, models
from transformers import AutoTokenizer

from tests.runs import corpusmill, hashes, write_recipe
from tests.tokenizer.corpus import texts

SETTINGS = {
    "vocab_size": 330,
    "reserved_tokens": 3,
    "source_weights": {"*1.jsonl": "1/3"},
    "min_word_count": 2,
    "pad_to_multiple_of": 8,
}


def write_corpus(folder: Path, documents: list[str], files: int = 3) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(files):
        lines = [json.dumps({"text": text}) + "\n" for text in documents[i::files]]
        (folder / f"{i}.jsonl").write_text("".join(lines), encoding="utf-8")
    return [str(folder / f"{i}.jsonl") for i in range(files)]


def run(
    folder: Path, paths: list[str], settings: dict, *arguments: str, slice_bytes: int = 1 << 20, stages: Sequence = ()
) -> CompletedProcess:
    """The finished command, run into `folder`/run."""
    inputs = [{"format": "jsonl", "paths": [path], "name": Path(path).stem} for path in paths]
    recipe = write_recipe(
        folder / "recipe.yaml",
        run_dir=str(folder / "run"),
        input=inputs,
        slice_bytes=slice_bytes,
        stages=[{"train_tokenizer": settings}, *stages],
    )
    return corpusmill("run", str(recipe), *arguments)


def manifest_of(run_dir: Path) -> dict:
    (job,) = [one for one in json.loads((run_dir / "manifest.json").read_text())["jobs"] if "asked_vocab_size" in one]
    return job


def one_and_four_workers(folder: Path, settings: dict) -> tuple[Path, Path]:
    """Runs of one corpus by one worker; and by four, with other slices, files and lines in another order."""
    one, four = folder / "one", folder / "four"
    paths = write_corpus(one / "in", [*texts(400), "singular"])
    done = run(one, paths, settings, "--workers", "1")
    assert done.returncode == 0, done.stderr
    four.mkdir()
    for path in paths:
        lines = Path(path).read_text(encoding="utf-8").splitlines(keepends=True)
        random.Random(3).shuffle(lines)
        (four / Path(path).name).write_text("".join(lines), encoding="utf-8")
    paths = [str(four / Path(path).name) for path in reversed(paths)]
    done = run(four, paths, settings, "--workers", "4", slice_bytes=4096)
    assert done.returncode == 0, done.stderr
    counted = [len(list((path / "run" / "jobs").glob("*tokenizer/words/*.arrow"))) for path in (one, four)]
    assert counted[0] < counted[1]
    return one / "run", four / "run"


def test_workers_slices_and_order_do_not_matter(tmp_path):
    one, four = one_and_four_workers(tmp_path, SETTINGS)
    same = hashes(one, ("tokenizer",))
    assert same == hashes(four, ("tokenizer",))
    assert {"tokenizer/tokenizer.json", "tokenizer/tokenizer.tiktoken"} <= same.keys()
    known = ("documents", "bytes", "distinct_words", "left_out", "weighted_documents", "vocab_size", "fingerprint")
    facts = [{name: manifest_of(path)[name] for name in known} for path in (one, four)]
    assert facts[0] == facts[1]
    assert facts[0]["left_out"]["words"] > 0
    assert facts[0]["weighted_documents"] == {"source_weights.*1.jsonl": 134}
    assert facts[0]["vocab_size"] == manifest_of(one)["asked_vocab_size"] == 336
    theirs = AutoTokenizer.from_pretrained(one / "tokenizer")
    ids = theirs.encode("the mill grinds 1234 \u9ea6")
    assert (
        ids == Tokenizer.from_file(str(one / "tokenizer" / "tokenizer.json")).encode("the mill grinds 1234 \u9ea6").ids
    )
    assert theirs.decode(ids) == "the mill grinds 1234 \u9ea6"
    assert theirs.convert_tokens_to_ids(["<|endoftext|>", "<|pad|>", "<|reserved_2|>"]) == [0, 1, 4]


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ["sentencepiece_bpe", "sentencepiece_unigram"])
def test_workers_and_order_do_not_matter_to_sentencepiece(tmp_path, algorithm):
    settings = {"algorithm": algorithm, "vocab_size": 340, "source_weights": {"*1.jsonl": "1/3"}, "min_word_count": 2}
    one, four = one_and_four_workers(tmp_path, settings)
    assert hashes(one, ("tokenizer",)) == hashes(four, ("tokenizer",))


def test_a_sentencepiece_bpe_model_packs_with_its_own_ids(tmp_path):
    paths = write_corpus(tmp_path / "in", texts(60))
    settings = {"algorithm": "sentencepiece_bpe", "vocab_size": 340, "special_tokens": ["<|mine|>"]}
    pack = {"context_len": 64, "validation_fraction": 0.0}
    done = run(tmp_path, paths, settings, "--workers", "1", stages=[{"pack": pack}])
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "run" / "tokenizer"
    model = sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
    assert model.id_to_piece(2) == "<|mine|>"
    assert str(tmp_path).encode() not in (folder / "tokenizer.model").read_bytes()
    rows = datasets.load_from_disk(str(tmp_path / "run" / "packed" / "train"))
    packed = Counter(i for row in rows for i in row["input_ids"])
    assert packed == Counter(i for text in texts(60) for i in [*model.encode(text), model.eos_id()])
    loaded = AutoTokenizer.from_pretrained(folder)
    assert loaded.encode("the mill") == model.encode("the mill")
    assert manifest_of(tmp_path / "run")["fingerprint"]


def test_a_unigram_model_is_a_model_and_nothing_packs_with_it(tmp_path):
    paths = write_corpus(tmp_path / "in", texts(60))
    settings = {"algorithm": "sentencepiece_unigram", "vocab_size": 320}
    refused = run(tmp_path, paths, settings, stages=[{"pack": {}}])
    assert refused.returncode == 2
    assert "none gives the ids of algorithm: sentencepiece_unigram everywhere; use sentencepiece_bpe" in refused.stderr
    done = run(tmp_path, paths, settings, "--workers", "1")
    assert done.returncode == 0, done.stderr
    (path,) = (tmp_path / "run" / "tokenizer").iterdir()
    model = sentencepiece.SentencePieceProcessor(model_file=str(path))
    assert path.name == "tokenizer.model"
    assert model.decode(model.encode("the mill\n\n  grinds")) == "the mill\n\n  grinds"


@pytest.mark.parametrize(
    ("verb", "settings", "told"),
    [
        (
            "run",
            {"vocab_size": 200},
            "train_tokenizer: vocab_size 200 leaves no room for 2 special tokens and 256 bytes; use at least 258",
        ),
        (
            "check",
            {"reserved_tokens": 2, "special_tokens": ["<|reserved_1|>"]},
            "special tokens must differ, got <|reserved_1|> more than once",
        ),
    ],
)
def test_settings_that_cannot_be_are_refused_before_any_work(tmp_path, verb, settings, told):
    recipe = write_recipe(
        tmp_path / "recipe.yaml",
        run_dir=str(tmp_path / "run"),
        input=[{"format": "jsonl", "paths": write_corpus(tmp_path, ["text"])}],
        stages=[{"train_tokenizer": settings}],
    )
    done = corpusmill(verb, str(recipe))
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("where", ["extend", "pack"])
def test_a_tokenizer_json_that_cannot_be_used_is_refused_before_any_work(tmp_path, where):
    folder = tmp_path / "base"
    folder.mkdir()
    no_bpe = Tokenizer(models.WordLevel({"a": 0, "<|endoftext|>": 1}, "a")).to_str()
    (folder / "tokenizer.json").write_text(no_bpe if where == "extend" else "{not json")
    (folder / "tokenizer_config.json").write_text(json.dumps({"eos_token": "<|endoftext|>"}))
    paths = write_corpus(tmp_path / "in", ["some text"])
    settings = {"vocab_size": 300} | ({"extend": str(folder)} if where == "extend" else {})
    stages = [{"pack": {"tokenizer": str(folder)}}] if where == "pack" else []
    done = run(tmp_path, paths, settings, "--workers", "1", stages=stages)
    assert done.returncode == 2, done.stderr
    assert str(folder) in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()


def test_what_the_text_does_not_allow_is_told_without_a_traceback(tmp_path):
    paths = write_corpus(tmp_path / "in", ["mill mill mill"], files=1)
    done = run(tmp_path, paths, {"special_tokens": ["mill"]}, "--workers", "1")
    assert done.returncode == 2, done.stderr
    told = "train_tokenizer: special token 'mill' is spelled as a token that was learned from the text; spell it as"
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert ".py:" not in done.stderr
    assert not (tmp_path / "run" / "tokenizer").exists()


@pytest.mark.slow
def test_a_corpus_of_one_character(tmp_path):
    done = run(tmp_path, write_corpus(tmp_path / "in", ["a"], files=1), {"vocab_size": 300}, "--workers", "1")
    assert done.returncode == 0, done.stderr
    assert "there was text for 258 tokens, not for 300" in done.stdout
    found = manifest_of(tmp_path / "run")
    assert (found["vocab_size"], found["asked_vocab_size"], found["distinct_words"]) == (258, 300, 1)
