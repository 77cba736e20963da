import sys

import numpy as np
import pyarrow as pa
import pytest

from pipeline.errors import UserError
from pipeline.io.arpa import read_arpa
from pipeline.kernels.buffers import string_view
from pipeline.kernels.ngram_score import ngram_scores, numbered
from pipeline.stages.kenlm_binary import KenlmBinary, is_kenlm_binary
from tests.ngram_files import arpa_file

MAGIC = b"mmap lm http://kheafield.com/code format version 5\n\0"


def test_a_binary_is_known_by_its_first_bytes(tmp_path):
    (tmp_path / "model.bin").write_bytes(MAGIC)
    assert is_kenlm_binary(tmp_path / "model.bin")
    assert not is_kenlm_binary(arpa_file(tmp_path))
    assert not is_kenlm_binary(tmp_path / "none")


def test_without_kenlm_the_way_out_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "kenlm", None)
    with pytest.raises(UserError, match=r"x\.bin is a binary model of kenlm, .* pip install 'corpusmill\[kenlm\]'"):
        KenlmBinary("x.bin")


def test_a_broken_binary_is_refused(tmp_path):
    pytest.importorskip("kenlm", reason="needs the kenlm extra")
    (tmp_path / "model.bin").write_bytes(MAGIC)
    with pytest.raises(UserError, match=r"kenlm can't read .*model\.bin: "):
        KenlmBinary(tmp_path / "model.bin")


@pytest.mark.parametrize("skips_empty", [True, False])
def test_kenlm_and_the_kernel_agree(tmp_path, skips_empty):
    pytest.importorskip("kenlm", reason="needs the kenlm extra")
    path = arpa_file(tmp_path)  # kenlm reads both forms
    texts = pa.array(["", "a b", "a\n\nb x\u00a0y\n", "\n", "  ", "<unk> </s>"])
    theirs = KenlmBinary(path).scores(texts, skips_empty=skips_empty)
    model = read_arpa(path)
    ours = ngram_scores(numbered(*string_view(texts), model), model, skips_empty=skips_empty)
    np.testing.assert_allclose(ours.log10_D, theirs.log10_D, rtol=1e-6)
    assert ours.num_pieces_D.tolist() == theirs.num_pieces_D.tolist()
    assert np.isnan(theirs.gain_D).all()
