import time

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.kernels.copies import copies_room, later_copies


def copies(parts: list[str]) -> list[int]:
    data = [part.encode() for part in parts]
    text_B = np.frombuffer(b"".join(data) or b" ", np.uint8)
    ends_E = np.cumsum([0, *map(len, data)]).astype(np.int32)
    copies_E = np.empty(len(parts) + 1, np.int32)
    num = later_copies(text_B, ends_E[:-1], ends_E[1:], len(parts), copies_room(len(parts)), copies_E)
    return copies_E[:num].tolist()


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(["", "a", "\0", "\0\0", "seven77", "eight888", "same ends, one way", "same ends, two way"])
        | st.text(max_size=3),
        max_size=40,
    )
)
def test_copies_are_the_parts_seen_before(parts):
    assert copies(parts) == [e for e, part in enumerate(parts) if part in parts[:e]]


def test_parts_that_differ_in_the_middle_take_linear_time():
    parts = [f"the same begin {i:06} the same end" for i in range(100_000)]
    copies(parts[:10])
    began = time.process_time()
    assert copies([*parts, parts[7]]) == [100_000]
    assert time.process_time() - began < 2
