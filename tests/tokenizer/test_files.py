"""The tokenizer's folder loads where others load it, with the same ids."""

import json
import os
import subprocess

import pytest
from tokenizers import Tokenizer
from transformers import AutoTokenizer

from tests.oracles.library_bpe import train_bpe
from tests.oracles.pretokens import buffers
from tests.tokenizer.corpus import texts
from tests.tokenizer.test_extend import extend
from tokenizer.extend import extended_files
from tokenizer.files import file_contents, load
from tokenizer.pretoken_counts import SPACES, PretokenCounts
from tokenizer.sentencepiece_train import tokenizer_of_bpe, train_sentencepiece

BY_TRANSFORMERS = """
import json, sys, transformers
from transformers import AutoTokenizer
given = json.load(sys.stdin)
tokenizer = AutoTokenizer.from_pretrained(given["folder"])
ids = [tokenizer.encode(text) for text in given["texts"]]
chat = tokenizer.apply_chat_template([{"role": "user", "content": "x"}], tokenize=False) if given["chat"] else ""
back = [tokenizer.decode(one) for one in ids]
print(json.dumps([transformers.__version__, ids, back, list(tokenizer("x")), tokenizer.eos_token, chat]))
"""
CHAT = ("<|endoftext|>", "<|pad|>", "<|im_start|>", "<|im_end|>")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A trained tokenizer's folder."""
    return written(tmp_path_factory.mktemp("tokenizer"), CHAT)


def written(path, specials):
    """Write a tokenizer with these special tokens into `path`."""
    tokenizer = train_bpe(texts(), vocab_size=340, pretokenizer="gpt4", special_tokens=specials)
    for name, content in file_contents(tokenizer).items():
        (path / name).write_bytes(content)
    return path


def test_transformers_loads_it_with_the_same_ids(folder):
    theirs, ours = AutoTokenizer.from_pretrained(folder), load(folder)
    for text in texts(40):
        assert (
            theirs.encode(text.replace("<|im_end|>", ""))
            == ours.encode([text.replace("<|im_end|>", "")]).ids_T.tolist()
        )
        assert theirs.decode(theirs.encode(text)) == text
    assert (theirs.eos_token_id, theirs.pad_token_id, len(theirs)) == (ours.eos_id, ours.pad_id, ours.vocab_size)
    assert theirs.model_max_length == 1 << 20
    assert theirs.model_input_names == ["input_ids", "attention_mask"]
    assert theirs.chat_template is not None


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["trained", "extended", "sentencepiece"])
def test_transformers_4_loads_it_with_the_same_ids(folder, tmp_path, kind):
    python = os.environ.get("CORPUSMILL_PEERS_TRANSFORMERS4")
    if not python:
        pytest.skip("set CORPUSMILL_PEERS_TRANSFORMERS4 to the Python of a virtual environment with transformers<5")
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    if kind == "extended":
        files = extended_files(folder, extend(Tokenizer.from_str(files["tokenizer.json"].decode())))
    elif kind == "sentencepiece":
        counts = PretokenCounts()
        counts.add_texts(*buffers(texts()), SPACES)
        model = train_sentencepiece(*counts.table(), kind="bpe", vocab_size=400, special_tokens=CHAT)
        files = file_contents(tokenizer_of_bpe(model))
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    given = {"folder": str(tmp_path), "texts": texts(40), "chat": "chat_template.jinja" in files}
    done = subprocess.run(
        [python, "-c", BY_TRANSFORMERS], input=json.dumps(given), capture_output=True, text=True, check=True
    )
    version, ids, back, names, eos, chat = json.loads(done.stdout)
    assert version.startswith("4.")
    library = Tokenizer.from_str(files["tokenizer.json"].decode())
    assert ids == [library.encode(text).ids for text in given["texts"]]
    if kind != "sentencepiece":  # behind a special token a blank is put before its text
        assert back == given["texts"]
    assert (names, eos) == (["input_ids", "attention_mask"], "<|endoftext|>")
    assert chat.startswith("<|im_start|>user\nx<|im_end|>")


def test_the_same_training_gives_the_same_bytes(folder, tmp_path):
    again = written(tmp_path, CHAT)
    for path in folder.iterdir():
        assert (again / path.name).read_bytes() == path.read_bytes()


def test_a_template_is_written_only_with_its_tokens(folder, tmp_path):
    assert (folder / "chat_template.jinja").is_file()
    assert not (written(tmp_path, CHAT[:2]) / "chat_template.jinja").exists()


def test_tokens_named_as_objects_and_in_the_map_are_found(folder, tmp_path):
    (tmp_path / "tokenizer.json").write_bytes((folder / "tokenizer.json").read_bytes())
    (tmp_path / "special_tokens_map.json").write_text(json.dumps({"eos_token": "<|pad|>", "pad_token": "<|pad|>"}))
    assert load(tmp_path).eos_id == 1
    (tmp_path / "tokenizer_config.json").write_text(
        json.dumps({"eos_token": {"content": "<|im_end|>"}, "pad_token": None})
    )
    assert (load(tmp_path).eos_id, load(tmp_path).pad_id) == (3, 1)


def test_a_folder_without_tokenizer_json_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="save_pretrained"):
        load(tmp_path)


def test_a_folder_without_eos_is_refused_by_name(folder, tmp_path):
    (tmp_path / "tokenizer.json").write_bytes((folder / "tokenizer.json").read_bytes())
    with pytest.raises(ValueError, match=f"{tmp_path}.*eos_token"):
        load(tmp_path)


@pytest.mark.parametrize("content", ["", "{not json", "{}", "[]", '{"model": {"type": "BPE"}}'])
def test_a_tokenizer_json_that_is_none_is_refused_by_name(tmp_path, content):
    (tmp_path / "tokenizer.json").write_text(content)
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"eos_token": "<|pad|>"}))
    with pytest.raises(ValueError, match=f"{tmp_path}: "):
        load(tmp_path)


@pytest.mark.parametrize("name", ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"])
@pytest.mark.parametrize("content", [b"{not json", b"\xff\xfe", b"[1]"])
def test_the_file_that_can_not_be_read_is_named_with_a_way_out(folder, tmp_path, name, content):
    (tmp_path / "tokenizer.json").write_bytes((folder / "tokenizer.json").read_bytes())
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=rf"{tmp_path}: its {name} is none that .*; save it anew with AutoTok"):
        load(tmp_path)


def test_ranks_for_tiktoken_are_beside_it(folder):
    assert (folder / "tokenizer.tiktoken").read_bytes().startswith(b"IQ== 4\n")
