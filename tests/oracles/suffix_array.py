"""A suffix array of a text, as Lee et al. (2022) find repeated substrings: an independent way to the same words."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def suffix_array(data: bytes) -> npt.NDArray[np.int64]:
    """Starts of all suffixes in order, by doubling of prefixes (Manber and Myers 1990)."""
    rank = np.frombuffer(data, np.uint8).astype(np.int64)
    length, size = 1, rank.size
    while True:
        behind = np.full(size, -1, np.int64)
        behind[: max(size - length, 0)] = rank[length:]
        order = np.lexsort((behind, rank))
        is_new = np.ones(size, np.bool_)
        is_new[1:] = (np.diff(rank[order]) != 0) | (np.diff(behind[order]) != 0)
        rank[order] = np.cumsum(is_new) - 1
        if is_new.all():
            return order
        length *= 2


def common_prefixes(data: bytes, order: Sequence[int]) -> list[int]:
    """How many bytes each suffix in order shares with the one before (Kasai et al. 2001)."""
    size = len(data)
    place = [0] * size
    for i, start in enumerate(order):
        place[start] = i
    shared, found = 0, [0] * size
    for start in range(size):
        if place[start] == 0:
            shared = 0
            continue
        other = order[place[start] - 1]
        while start + shared < size and other + shared < size and data[start + shared] == data[other + shared]:
            shared += 1
        found[place[start]] = shared
        shared = max(shared - 1, 0)
    return found


def seen_before(data: bytes, starts: Sequence[int], ends: Sequence[int], ranks: Sequence[int]) -> list[bool]:
    """Whether each of the spans data[starts[i]:ends[i]] equals one of a lower rank. Starts are all different."""
    order = suffix_array(data).tolist()
    shared = common_prefixes(data, order)
    span_at = {start: i for i, start in enumerate(starts)}
    found = [False] * len(starts)
    groups: dict[int, list[int]] = {}  # by length: spans of the current run of suffixes that share so much
    for i, start in enumerate(order):
        groups = {length: members for length, members in groups.items() if length <= shared[i]}
        if start in span_at:
            one = span_at[start]
            members = groups.setdefault(ends[one] - start, [])
            members.append(one)
            if len(members) > 1:
                best = min(members, key=lambda m: ranks[m])
                for m in members:
                    found[m] = m != best
                members[:] = [best]
    return found
