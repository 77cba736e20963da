"""The one door from Arrow to NumPy.

Shapes: D = documents in the batch, B = UTF-8 bytes of all documents end to end.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def string_view(array: pa.StringArray) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]]:
    """Return (text_B, offsets_D1) of a string array with no nulls.

    The views share memory with `array` and are read-only, also where Arrow would let us write: a kernel that writes
    to a batch changes it for every other stage that reads it. A slice is fine: its offsets start above zero and
    still index the whole of text_B.
    """
    if array.type != pa.string():
        raise ValueError(f"string_view needs a string array, got {array.type}. Cast it in the stage that read it.")
    if array.null_count:
        raise ValueError(
            f"string_view needs a column with no nulls, got {array.null_count} nulls in {len(array)} rows. "
            "Drop or fill them in the stage that read the column."
        )
    _, offsets, data = array.buffers()
    if offsets is None:
        return np.empty(0, np.uint8), np.zeros(1, np.int32)
    offsets_D1 = np.frombuffer(offsets, np.int32)[array.offset : array.offset + len(array) + 1]
    text_B = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    if offsets_D1.size == 0:
        offsets_D1 = np.zeros(1, np.int32)
    offsets_D1.flags.writeable = text_B.flags.writeable = False
    return text_B, offsets_D1
