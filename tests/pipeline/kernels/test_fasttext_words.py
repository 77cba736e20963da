import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.io.fasttext_model import read_model
from pipeline.kernels.buffers import string_view
from pipeline.kernels.fasttext_rows import InputRows
from pipeline.kernels.fasttext_tokens import read_edges
from pipeline.kernels.fasttext_words import MAX_KEPT_BYTES, keep, no_words, number_tokens, token_room
from tests.fasttext_files import MODELS

LONG = ["k" * 16, "k" * 17, "k" * 16 + "l", "x" * MAX_KEPT_BYTES, "é" * 20]
VERY_LONG = "y" * (MAX_KEPT_BYTES + 1)
TOKENS = st.sampled_from(["a", "b", "ab", "eight888", "k" * 15, *LONG, VERY_LONG])


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> InputRows:
    return read_model(MODELS["both"].write(tmp_path_factory.mktemp("models") / "m")).input


class Tokens:
    """Numbers of tokens, in as many calls as they take."""

    def __init__(self, model: InputRows, most: int, most_new: int = 100) -> None:
        self.words = no_words(model, most, most_new)
        self.num_known = self.words.text_VC.shape[0]
        self.num_calls = 0

    def numbers(self, tokens: list[str]) -> tuple[list[int], list[str]]:
        """(number of each token, those that were new)."""
        text_B, offsets_D1 = string_view(pa.array([" ".join(tokens)]))
        edges_E = np.empty(2 * len(tokens) + 99, np.int32)
        num_edges = read_edges(text_B, offsets_D1, 0, 0, edges_E, 0)[2] - 2  # without the end of the document
        room = token_room(len(tokens) + 9, self.words.rows_V.size - self.num_known)
        e, found, new = 0, [], []
        while e < num_edges:
            e, num, num_new = number_tokens(text_B, edges_E[:num_edges], e, self.words, room)
            spans = zip(room.starts_Q[:num_new], room.ends_Q[:num_new], strict=True)
            fresh = slice(self.num_known, self.num_known + num_new)
            self.words.sum_VN[fresh] = np.arange(len(new), len(new) + num_new)[:, None]
            self.words.rows_V[fresh] = self.words.hash_V[fresh] = np.arange(len(new), len(new) + num_new)
            keep(self.words, room.place_Q, num_new)
            new += [text_B[start:end].tobytes().decode() for start, end in spans]
            token_W = room.token_W[:num]
            found += self.words.rows_V[token_W].tolist()
            assert (self.words.sum_VN[token_W] == self.words.rows_V[token_W, None]).all()
            assert (self.words.hash_V[token_W] == self.words.rows_V[token_W]).all()
            self.num_calls += 1
        return found, new


@given(tokens=st.lists(TOKENS, max_size=40), most=st.sampled_from([4, 5, 9, 100]), most_new=st.sampled_from([2, 100]))
def test_a_token_has_what_was_written_for_it_however_few_are_known(model, tokens, most, most_new):
    found, new = Tokens(model, most, most_new).numbers(tokens)
    assert [new[i] for i in found] == tokens


def test_words_are_known_the_next_time_but_for_very_long_ones(model):
    tokens = Tokens(model, 1000)
    all_kinds = ["a", "eight888", *LONG, VERY_LONG]
    assert tokens.numbers(all_kinds)[1] == all_kinds
    assert tokens.numbers(all_kinds)[1] == [VERY_LONG]


def test_a_word_is_new_once_in_a_block(model):
    tokens = ["a", "k" * 20, "b", "a", "k" * 20, "a", "b"]
    assert Tokens(model, 1000).numbers(tokens) == ([0, 1, 2, 0, 1, 0, 2], ["a", "k" * 20, "b"])


def test_words_that_were_met_again_outlive_the_others(model):
    tokens = Tokens(model, 4)
    for one in ("often", "often", *(f"w{i}" for i in range(50))):
        tokens.numbers([one])
    assert tokens.numbers(["often"])[1] == []
    assert tokens.numbers(["w49"])[1] == []
    assert len(tokens.numbers([f"w{i}" for i in range(50)])[1]) >= 50 - 3


def test_no_word_goes_that_a_token_of_the_block_stands_for(model):
    some = [f"w{i}" for i in range(20)]
    found, new = Tokens(model, 4).numbers(["a", *some, "a", *some])
    assert [new[i] for i in found] == ["a", *some, "a", *some]
    assert new.count("a") == 1
    assert len(new) == 1 + 20 + 20 - 3


def test_longer_texts_of_one_key_are_told_apart(model):
    tokens = Tokens(model, 4)
    tokens.numbers(["k" * 20])
    tokens.words.text_VC[:, 2] ^= np.uint64(1)
    assert tokens.numbers(["k" * 20])[1] == ["k" * 20]


def test_a_block_ends_where_there_is_no_room_for_a_new_word(model):
    tokens = Tokens(model, 4, 2)
    some = [f"w{i % 7}" for i in range(200)]
    found, new = tokens.numbers(some)
    assert [new[i] for i in found] == some
    assert tokens.num_calls > 10


def test_long_rows_leave_room_for_fewer_words(model):
    wide = model._replace(rows_RN=np.empty((1, 2**12), np.float32))
    assert no_words(wide).sum_VN.shape == (2**11 + 2**11, 2**12)


def test_a_set_fills_a_cache_line(model):
    words = no_words(model)
    assert words.known_S24.strides[0] == 64
    assert words.known_S24.ctypes.data % 64 == 0
