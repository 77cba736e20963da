import numpy as np

from tests.oracles.pretokens import buffers
from tokenizer.char_table import char_table
from tokenizer.pretokenize_kernels import pretoken_ends
from tokenizer.pretokenize_patterns import CL100K


def test_masks_and_scans_take_turns():
    """Plain text, a word that is not ASCII, plain text that ends with the buffer; and the same as two documents."""
    text = "plain words before it " * 4 + "naïve 日本 " + "and behind it " * 6
    text_B, offsets_D1 = buffers([text, text])
    ends_P, bounds_D1 = pretoken_ends(text_B, offsets_D1, char_table(), CL100K, 3)
    words = text.count(" ") + 1  # each word takes the blank before it; the last blank is alone
    assert bounds_D1.tolist() == [0, words, 2 * words]
    np.testing.assert_array_equal(ends_P[words:], ends_P[:words] + offsets_D1[1])
    lengths = np.diff(ends_P[:words], prepend=0)
    assert lengths.tolist() == [len(w.encode()) for w in _words(text)]


def _words(text: str) -> list[str]:
    first, *rest = text.rstrip().split(" ")
    return [first, *(" " + word for word in rest), " "]


def test_the_last_bytes_of_the_buffer_are_read_one_by_one():
    for length in range(1, 140):
        text_B, offsets_D1 = buffers([("a b" * length)[:length]])
        ends_P, _ = pretoken_ends(text_B, offsets_D1, char_table(), CL100K, 3)
        assert ends_P[-1] == length
        assert bytes(text_B[ends_P[:-1]]).strip(b" ") == b""
