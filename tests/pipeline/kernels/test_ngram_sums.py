import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.io.arpa import read_arpa
from pipeline.kernels.ngram_sums import END_OF_SENTENCE, LANES, log10_sums
from tests.ngram_files import arpa_file
from tests.oracles import ngram_model as oracle

SENTENCES = st.lists(st.lists(st.integers(0, 4), max_size=6), max_size=4)


@given(documents=st.lists(SENTENCES, max_size=3 * LANES))
def test_a_sum_does_not_depend_on_the_documents_beside(tmp_path_factory, documents):
    model = read_arpa(arpa_file(tmp_path_factory.mktemp("m"), oracle.random_arpa(3, 4)))
    words = [[*(w for s in document for w in (*s, END_OF_SENTENCE))] for document in documents]

    def sums(words: list[list[int]]) -> list[tuple[float, float]]:
        offsets = np.cumsum([0, *map(len, words)])
        flat = np.array([w for document in words for w in document], np.int32)
        return list(zip(*log10_sums(flat, offsets, *model.ngrams, model.begin, model.end), strict=True))

    assert sums(words) == [one for document in words for one in sums([document])]
    assert all(log10 < 0 or not document for (log10, _), document in zip(sums(words), words, strict=True))


def test_sums_by_hand(tmp_path):
    model = read_arpa(arpa_file(tmp_path))
    a, b = 3, 4  # in the order of the file
    log10_D, gain_D = log10_sums(
        np.array([a, b, END_OF_SENTENCE, a, END_OF_SENTENCE], np.int32),
        np.array([0, 3, 5]),
        *model.ngrams,
        model.begin,
        model.end,
    )
    # <s> a, then b after "<s> a" and not after "a" alone; the end after "b" either way, as "a b" leads nowhere
    assert log10_D.tolist() == [-0.5 - 0.03125 - 0.25, -0.5 + (-0.0625 - 0.25 - 1.0)]
    # ... and </s> after "a" without what "<s> a" costs
    assert gain_D.tolist() == [-0.03125 - -0.375, -0.0625]
