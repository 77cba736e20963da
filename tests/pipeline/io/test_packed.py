"""A packed folder opens in `datasets`, maps row by row, and says what it is."""

from pathlib import Path

import numpy as np
import pytest
from datasets import load_from_disk

from pipeline.io.packed import IGNORED, Manifest, PackedRow, PackedRows, write_packed

MANIFEST = Manifest(context_len=8, vocab_size=300, eos_id=0, tokenizer="feed")


def row(*pieces: list[int], untrained: tuple[int, ...] = ()) -> PackedRow:
    """A row of pieces; the labels of `untrained` tokens and of every piece's first are -100."""
    ids = np.array([t for piece in pieces for t in piece], np.int32)
    lengths = np.array([len(piece) for piece in pieces], np.int32)
    labels = np.where(np.isin(ids, untrained), IGNORED, ids).astype(np.int32)
    labels[np.cumsum(lengths) - lengths] = IGNORED
    return PackedRow(ids, labels, lengths)


PLAIN = [row([5, 6, 0], [7, 0]), row([9, 8, 7, 6, 5, 4, 3, 0])]
MASKED = [row([5, 6, 0], [7, 0], untrained=(6,)), row([9, 8, 0])]


def assert_same_rows(folder: Path, expected: list[PackedRow]) -> None:
    opened = PackedRows(folder)
    assert len(opened) == len(expected)
    for i, want in enumerate(expected):
        for got_array, want_array in zip(opened.row(i), want, strict=True):
            assert got_array.dtype == np.int32
            np.testing.assert_array_equal(got_array, want_array)


@pytest.mark.parametrize("columns", ["full", "lean"])
@pytest.mark.parametrize("rows", [PLAIN, MASKED], ids=["plain", "masked"])
def test_rows_come_back_as_written(tmp_path, rows, columns):
    write_packed(tmp_path / "train", rows, MANIFEST, columns=columns)
    assert_same_rows(tmp_path / "train", rows)
    assert PackedRows(tmp_path / "train").manifest == MANIFEST
    assert PackedRows(tmp_path / "train").num_tokens == sum(r.input_ids.size for r in rows)


def test_datasets_opens_the_folder_by_hand(tmp_path):
    write_packed(tmp_path / "train", MASKED, MANIFEST)
    first = load_from_disk(str(tmp_path / "train"))[0]
    assert first == {
        "input_ids": [5, 6, 0, 7, 0],
        "labels": [-100, -100, 0, -100, 0],
        "position_ids": [0, 1, 2, 0, 1],
        "seq_lengths": [3, 2],
        "doc_ids": ["r0p0", "r0p1"],
        "offsets": [0, 0],
    }


@pytest.mark.parametrize(("rows", "has_labels"), [(PLAIN, False), (MASKED, True)])
def test_lean_leaves_out_what_can_be_rebuilt(tmp_path, rows, has_labels):
    write_packed(tmp_path / "train", rows, MANIFEST, columns="lean")
    names = load_from_disk(str(tmp_path / "train")).column_names
    assert "position_ids" not in names
    assert ("labels" in names) is has_labels


def test_the_fingerprint_is_that_of_the_content(tmp_path):
    write_packed(tmp_path / "a", PLAIN, MANIFEST)
    write_packed(tmp_path / "b", PLAIN, MANIFEST)
    write_packed(tmp_path / "c", MASKED, MANIFEST)
    a, b, c = ((tmp_path / name / "state.json").read_bytes() for name in "abc")
    assert a == b != c


def test_views_are_read_only(tmp_path):
    write_packed(tmp_path / "train", PLAIN, MANIFEST)
    with pytest.raises(ValueError, match="read-only"):
        PackedRows(tmp_path / "train").row(0).input_ids[0] = 1


def test_a_row_out_of_range_is_an_index_error(tmp_path):
    write_packed(tmp_path / "train", PLAIN, MANIFEST)
    for index in (-1, 2):
        with pytest.raises(IndexError, match=f"row {index} of 2"):
            PackedRows(tmp_path / "train").row(index)


def test_another_folder_is_refused_with_the_way_out(tmp_path):
    with pytest.raises(FileNotFoundError, match="packed/train"):
        PackedRows(tmp_path)


def test_labels_that_are_not_the_token_are_refused(tmp_path):
    wrong = PackedRow(np.int32([1, 2]), np.int32([-100, 3]), np.int32([2]))
    with pytest.raises(ValueError, match="-100 or the token"):
        write_packed(tmp_path / "train", [wrong], MANIFEST)
    with pytest.raises(ValueError, match="leave an empty split out"):
        write_packed(tmp_path / "train", [], MANIFEST)
