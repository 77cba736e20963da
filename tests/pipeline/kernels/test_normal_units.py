import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from pipeline.kernels.normal_units import CCNET, FINEWEB, GROWTH, LOWER, RAW, normal_form, write_normal
from tests.oracles import line_dedup as oracle

FORMS = {"raw": RAW, "lower": LOWER, "ccnet": CCNET, "fineweb": FINEWEB}
PIECES = ["a", "Word", " ", "  ", "\t", "\u3000", "12", "3.5", "٣", "1.", "É", "e\u0301", "\u0301", "ς", "Σ", "İ", "한"]
PIECES += ["—", "“", "﹗", "$", "\x07", "\x7f", "\x85", "日本", "😀", "plain text of letters ", "PLAIN", "¼", "²", "€"]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=20).map("".join) | st.text(max_size=20)


@njit
def _write(text_B, start, end, normal, out_B):
    return write_normal(text_B, start, end, normal, out_B, 3)


def form_of(text, form, before="x ", behind=" y"):
    """The form of a text that stands between others."""
    data, first = (before + text + behind).encode(), len(before.encode())
    end = first + len(text.encode())
    out = np.full(GROWTH * len(data) + 20, 0x7E, np.uint8)
    stop = _write(np.frombuffer(data, np.uint8), first, end, normal_form(FORMS[form]), out)
    assert out[:3].tobytes() == b"~~~"
    return out[3:stop].tobytes().decode()


@pytest.mark.parametrize(
    ("form", "left"),
    [
        ("raw", "ÉTÉ – No. 1.5"),
        ("lower", "été – no. 1.5"),
        ("ccnet", "été  no. 0.0"),
        ("fineweb", "ete no 0"),
    ],
)
def test_forms_by_hand(form, left):
    assert form_of("\t ÉTÉ – No. 1.5\r", form) == left


def test_numbers_are_one_zero_with_one_mark_in_them():
    assert form_of("1,234.5 a1b2 3. 4 12٫5", "fineweb") == "0 0 a0b0 0 0 0"
    assert form_of("1,234.5 a1b2", "ccnet") == "0,000.0 a0b0"


@pytest.mark.parametrize("form", FORMS)
@given(text=TEXTS, behind=st.sampled_from(["", " y", "9", "ab"]))
def test_forms_agree_with_their_oracle(form, text, behind):
    assert form_of(text, form, behind=behind) == oracle.normal_form(text, form)


@pytest.mark.parametrize("form", FORMS)
def test_a_line_of_a_megabyte(form):
    text = "Word 12 — É, 日本\t" * 50_000
    assert form_of(text, form) == oracle.normal_form(text, form)


@given(text=TEXTS)
def test_the_ccnet_form_is_that_of_ccnet_but_for_what_stands_around_a_sigma(text):
    text = text.replace("İ", "i")
    if not any(len(one.lower()) > 1 for one in text):
        assert form_of(text, "ccnet") == oracle.ccnet_normalised(text).replace("ς", "σ")
