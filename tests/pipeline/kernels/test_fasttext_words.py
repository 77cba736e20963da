import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.io.fasttext_model import read_model
from pipeline.kernels.buffers import string_view
from pipeline.kernels.fasttext_rows import InputRows
from pipeline.kernels.fasttext_tokens import read_edges
from pipeline.kernels.fasttext_words import MAX_KEPT_BYTES, NUM_WORDS, forget, no_words, number_tokens, token_room
from tests.fasttext_files import MODELS

LONG = ["k" * 16, "k" * 17, "k" * 16 + "l", "x" * MAX_KEPT_BYTES, "é" * 40]
TOKENS = st.sampled_from(["a", "b", "ab", "eight888", "k" * 15, *LONG, "y" * (MAX_KEPT_BYTES + 1)])


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> InputRows:
    return read_model(MODELS["both"].write(tmp_path_factory.mktemp("models") / "m")).input


class Tokens:
    """Numbers of tokens, in as many calls as they take."""

    def __init__(self, model: InputRows, most: int, arena_bytes: int = 0) -> None:
        self.words = no_words(model, most, arena_bytes)
        self.times_full = 0

    def numbers(self, tokens: list[str]) -> tuple[list[int], list[str]]:
        """(number of each token, those that were new)."""
        text_B, offsets_D1 = string_view(pa.array([" ".join(tokens)]))
        edges_E, token_W = np.empty(2 * len(tokens) + 99, np.int32), np.empty(len(tokens) + 9, np.int32)
        starts_M, ends_M = np.empty(token_W.size, np.int32), np.empty(token_W.size, np.int32)
        num_edges = read_edges(text_B, offsets_D1, 0, 0, edges_E, 0)[2] - 2  # without the end of the document
        e, found, new = 0, [], []
        while e < num_edges:
            before = int(self.words.num_2[NUM_WORDS])
            room = token_room(token_W.size)
            e, num = number_tokens(text_B, edges_E[:num_edges], e, self.words, room, token_W, starts_M, ends_M)
            fresh = int(self.words.num_2[NUM_WORDS]) - before
            new += [text_B[a:b].tobytes().decode() for a, b in zip(starts_M[:fresh], ends_M[:fresh], strict=True)]
            self.words.sum_VN[before : before + fresh, 0] = np.arange(len(new) - fresh, len(new))
            self.words.rows_V[before : before + fresh] = 1
            found += self.words.sum_VN[token_W[:num], 0].astype(int).tolist()
            if e < num_edges:
                self.times_full += 1
                forget(self.words)
        return found, new


@given(tokens=st.lists(TOKENS, max_size=40), most=st.sampled_from([2, 3, 5, 100]))
def test_a_token_has_what_was_written_for_it_however_few_are_known(model, tokens, most):
    found, new = Tokens(model, most).numbers(tokens)
    assert [new[i] for i in found] == tokens


def test_words_are_known_the_next_time_but_for_very_long_ones(model):
    tokens = Tokens(model, 100, 10_000)
    all_kinds = ["a", "eight888", *LONG, "y" * (MAX_KEPT_BYTES + 1)]
    assert tokens.numbers(all_kinds)[1] == all_kinds
    assert tokens.numbers(all_kinds)[1] == all_kinds[-1:]


def test_words_that_were_met_again_outlive_the_others(model):
    tokens = Tokens(model, 8, 10_000)
    tokens.numbers(["often", "k" * 20, "often", "k" * 20, "once", "a", "b", "c"])
    assert tokens.numbers(["d", "e"])[1] == ["d", "e"]
    assert tokens.times_full == 1
    assert tokens.numbers(["often", "k" * 20, "once"])[1] == ["once"]


def test_there_is_always_room_where_all_are_met_again(model):
    tokens = Tokens(model, 4)
    some = [f"w{i % 7}" for i in range(200)]
    found, new = tokens.numbers(some)
    assert [new[i] for i in found] == some
    assert tokens.times_full > 10


def test_long_rows_leave_room_for_fewer_words(model):
    wide = model._replace(rows_RN=np.empty((1, 2**12), np.float32))
    assert no_words(wide).sum_VN.shape == (2**11, 2**12)
