import numpy as np
import pyarrow as pa
import pytest
from numba import njit

from pipeline.io.fasttext_model import read_model
from pipeline.kernels.buffers import string_view
from pipeline.kernels.fasttext_rows import (
    END,
    EOS_IN_TEXT,
    LABEL,
    WORD,
    entry_spans,
    slots_of_entries,
    token_hashes,
    token_sums,
)
from pipeline.kernels.fasttext_tokens import token_key
from tests.fasttext_files import LABELS, MODELS, WORDS, ModelFile
from tests.oracles import fasttext as oracle
from tests.oracles.fasttext_train import token_hash

TOKENS = [*WORDS, *LABELS, "__label__zz", "__label__", "__label", "", "unseen", "longer-wors", "longer-word2", "tho"]


@njit
def keys(text_B, starts_V, ends_V):
    key_V2 = np.empty((starts_V.size, 2), np.uint64)
    for v in range(starts_V.size):
        key_V2[v] = token_key(text_B, np.int64(starts_V[v]), np.int64(ends_V[v]))
    return key_V2


def view(tokens: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    text_B, offsets_D1 = string_view(pa.array(tokens, pa.string()))
    return text_B, offsets_D1[:-1], offsets_D1[1:]


@pytest.mark.parametrize("name", MODELS)
def test_a_token_has_the_rows_of_its_oracle(tmp_path, name):
    file = MODELS[name]
    model = read_model(file.write(tmp_path / "m")).input
    text_B, starts_V, ends_V = view(TOKENS)
    sum_VN = np.full((len(TOKENS), file.dim), 9, np.float32)
    num_V, kind_V = np.full(len(TOKENS), 9, np.int32), np.full(len(TOKENS), 9, np.uint8)
    token_sums(text_B, starts_V, ends_V, keys(text_B, starts_V, ends_V), model, sum_VN, num_V, kind_V)
    for token, ours, num, kind in zip(TOKENS, sum_VN, num_V, kind_V, strict=True):
        is_label = token in file.labels or token.startswith("__label__")
        assert kind == (END if not token else EOS_IN_TEXT if token == "</s>" else LABEL if is_label else WORD)
        rows = [] if is_label else oracle.token_rows(file, (token or "</s>").encode())
        assert (num, token) == (len(rows), token)
        np.testing.assert_allclose(ours, file.inputs.values[rows].sum(0), atol=1e-5)


def test_hashes_are_fasttexts_and_an_end_has_that_of_its_token():
    text_B, starts_V, ends_V = view(TOKENS)
    hash_V = np.empty(len(TOKENS), np.uint32)
    token_hashes(text_B, starts_V, ends_V, hash_V)
    assert hash_V.tolist() == [token_hash((token or "</s>").encode()) & 0xFFFFFFFF for token in TOKENS]


def test_entries_are_found_in_the_file_and_a_file_that_ends_is_seen():
    file = ModelFile(words=("</s>", "日本"), labels=("__label__a",), counts=(1,))
    data = np.frombuffer(file.data(), np.uint8)
    starts_E, ends_E, behind = entry_spans(data, 92, 3)
    texts = [data[start:end].tobytes().decode() for start, end in zip(starts_E, ends_E, strict=True)]
    assert (texts, behind) == (["</s>", "日本", "__label__a"], 92 + 4 + 6 + 10 + 30)
    assert entry_spans(data[: behind - 1], 92, 3)[2] == -1
    assert entry_spans(data[:95], 92, 3)[2] == -1


def test_every_entry_has_one_slot_and_most_are_free():
    words = [f"word{i}-{'x' * (i % 9)}" for i in range(300)]
    text_B, starts_V, ends_V = view(words)
    key_E2, entry_S = slots_of_entries(text_B, starts_V.astype(np.int64), ends_V.astype(np.int64))
    assert sorted(entry_S[entry_S >= 0]) == list(range(300))
    assert entry_S.size == 2048
    np.testing.assert_array_equal(key_E2, keys(text_B, starts_V, ends_V))
