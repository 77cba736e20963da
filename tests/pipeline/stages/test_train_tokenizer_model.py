"""The tail that is left out: which words, and how far off counts may be for it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import TrainTokenizerConfig
from pipeline.stages.train_tokenizer_counts import CountShard, count_shard
from pipeline.stages.train_tokenizer_model import TrainModel, least_count, train_on_counts
from tests.pipeline.stages.pack_cases import SPECIALS, commit, document

some_counts = st.lists(st.integers(1, 6), max_size=12)


@given(parts=st.lists(some_counts, min_size=1, max_size=3), min_count=st.integers(1, 4), max_words=st.integers(1, 9))
def test_the_most_frequent_words_stay_and_ties_go_together(parts, min_count, max_words):
    counts = sorted((one for part in parts for one in part), reverse=True)
    least = least_count([np.array(part, np.int64) for part in parts], min_count, max_words)
    stay = [one for one in counts if one >= least]
    assert len(stay) <= max_words
    assert all(one >= min_count for one in stay)
    frequent = [one for one in counts if one >= min_count]
    if len(frequent) > len(stay):  # one more group of ties would be too many
        assert sum(one >= frequent[len(stay)] for one in counts) > max_words


def test_without_bounds_every_word_stays():
    assert least_count([np.array([1, 5]), np.array([3])], 1, None) == 1
    assert least_count([np.array([1, 5]), np.array([3])], 1, 3) == 1
    assert least_count([np.array([1, 5]), np.array([3])], 1, 2) == 2


def learn(folder, text, **settings):
    config = TrainTokenizerConfig(vocab_size=300, **settings)
    shard = commit(folder / "in", [document(0, text)]).shards[0]
    count_shard(CountShard(shard, (), config, 1, str(folder / "words")))
    path = str(folder / "words.0.arrow")
    return train_on_counts(TrainModel((path,), config, SPECIALS, str(folder / "tokenizer")))


def test_a_setting_that_the_words_do_not_allow_is_an_answer(tmp_path):
    shard = commit(tmp_path / "in", [document(0, "<|pad|>" * 9)]).shards[0]
    config = TrainTokenizerConfig(vocab_size=300)
    count_shard(CountShard(shard, (), config, 1, str(tmp_path / "words")))
    specials = (*SPECIALS, "pad")
    found = train_on_counts(TrainModel((str(tmp_path / "words.0.arrow"),), config, specials, str(tmp_path / "out")))
    assert found.keys() == {"refused"}
    assert "'pad' is spelled as a token that was learned" in found["refused"]
    assert not (tmp_path / "out").exists()


def test_weights_scale_the_bounds_on_counts(tmp_path):
    plain = learn(tmp_path / "a", "ab ab cd", min_word_count=2)
    halved = learn(tmp_path / "b", "ab ab cd", min_word_count=2, lang_weights={"xx": "1/2"})
    assert plain["left_out"]["min_count"] == 2
    assert halved["left_out"]["min_count"] == 4
    assert halved["left_out"]["weight_units"] == 2
    assert halved["fingerprint"] == plain["fingerprint"]


@pytest.mark.parametrize(("min_frequency", "num_merges"), [(3, 1), (4, 0)])
def test_min_frequency_is_of_a_weight_of_one(tmp_path, min_frequency, num_merges):
    found = learn(tmp_path, "xy-xy-xy", min_frequency=min_frequency, lang_weights={"xx": "1/2"})
    assert found["vocab_size"] == 260 + num_merges


def test_words_of_little_weight_stay_where_no_bound_is_given(tmp_path):
    assert learn(tmp_path, "ab", source_weights={"*": "1/9"})["left_out"]["words"] == 0
