from functools import cache

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.io.fasttext_model import FastTextModel, read_model
from pipeline.kernels.buffers import string_view
from pipeline.kernels.fasttext import MeanRows, mean_rows
from pipeline.kernels.fasttext_words import no_words
from tests.fasttext_files import MODELS, PIECES
from tests.oracles import fasttext as oracle

TEXTS = st.lists(st.sampled_from(PIECES), max_size=14).map("".join) | st.text(max_size=12)


@pytest.fixture(scope="module")
def model_of(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return cache(lambda name: read_model(MODELS[name].write(folder / name)))


def means(model: FastTextModel, texts: list[str], skip: int = 0) -> tuple[np.ndarray, np.ndarray]:
    return mean_rows(*string_view(pa.array(texts, pa.string()).slice(skip)), model.input)


@pytest.mark.parametrize("name", MODELS)
@given(docs=st.lists(TEXTS, max_size=5), skip=st.integers(0, 2))
def test_means_agree_with_their_oracle_on_any_slice(model_of, name, docs, skip):
    mean_DN, num_D = means(model_of(name), docs, skip)
    expected = [oracle.mean(MODELS[name], text) for text in docs[skip:]]
    assert num_D.tolist() == [num for _, num in expected]
    # In single precision a sum of a thousand like rows is off by 2e-5 of a row.
    np.testing.assert_allclose(mean_DN, [mean for mean, _ in expected] or np.empty((0, MODELS[name].dim)), atol=1e-4)


@pytest.mark.parametrize("name", ["both", "pruned", "long characters"])
@given(docs=st.lists(TEXTS, min_size=1, max_size=5), most=st.integers(2, 9))
def test_what_is_known_and_neighbours_change_no_bit(model_of, name, docs, most):
    together, num_D = means(model_of(name), docs)
    view, model, knows_all = (
        string_view(pa.array(docs, pa.string())),
        model_of(name).input,
        MeanRows(model_of(name).input),
    )
    few = no_words(model, most, 2)
    for mean_DN, again_D in (*(mean_rows(*view, model, few) for _ in range(2)), *(knows_all(*view) for _ in range(2))):
        np.testing.assert_array_equal(mean_DN, together)
        np.testing.assert_array_equal(again_D, num_D)
    np.testing.assert_array_equal(np.concatenate([means(model_of(name), [text])[0] for text in docs]), together)
    np.testing.assert_array_equal(np.concatenate([means(model_of(name), [text])[1] for text in docs]), num_D)


def test_a_mean_by_hand(model_of):
    rows = MODELS["words"].inputs.values
    mean_DN, num_D = means(model_of("words"), ["the  odd mill\n", "", "unseen", "the </s> mill mill", "the__label__a"])
    expected = [rows[[1, 2, 0]].mean(0), rows[0], rows[0], rows[[1, 0]].mean(0), rows[0]]
    assert num_D.tolist() == [3, 1, 1, 2, 1]
    np.testing.assert_allclose(mean_DN, expected, rtol=1e-6)


def test_a_text_may_have_no_rows(model_of):
    mean_DN, num_D = means(model_of("no end"), ["", "unseen words", "the"])
    assert num_D.tolist() == [0, 0, 1]
    assert not mean_DN[:2].any()


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("x" * 1_000_000, 3_000_001 + 1),
        ("\x01" * 1_000_000, 3_000_001 + 1),
        ("é日👩" * 100_000, 900_001 + 1),
        ("the " * 250_000, 250_000 * 11 + 1),
        (" " * 1_000_000, 1),
    ],
)
def test_a_megabyte_in_one_line_is_added_up_like_any_text(model_of, text, rows):
    mean_DN, num_D = means(model_of("characters"), [text])
    assert num_D.tolist() == [rows]
    mean, _ = oracle.mean(MODELS["characters"], text[:3000])
    np.testing.assert_allclose(mean_DN[0], mean, atol=0.01)
