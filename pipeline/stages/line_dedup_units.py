"""Line de-duplication, from text to numbers: the units of a shard, equal ones made one.

A *place* is an ordinal and a unit of that document in one number: ordinal << PLACE_BITS | unit. Places sort as
documents do, then as they are read. A key is told to other shards once, with the best of its places here, so that a
line that stands everywhere is as many rows as there are shards.

Shapes: N = units of the shard that are compared, K = distinct ones, R = rules of rank.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.config import LineDedupConfig
from pipeline.io.dataset import Shard
from pipeline.kernels.buffers import string_view
from pipeline.stages.equal_keys import UInt64, save_array
from pipeline.stages.keeper_rules import ranking, read_ranked
from pipeline.stages.tally import TALLY_COLUMNS, ShardTally

if TYPE_CHECKING:
    from pipeline.kernels.line_units import UnitKeys, UnitRule

Int64 = npt.NDArray[np.int64]
PLACE_BITS = 28  # units of a document; 35 bits are left for its ordinal
MEMBER_BITS = 36  # distinct units of a shard; 27 bits are left for the shard
PLACE, COUNT, DOCUMENTS = range(3)  # columns of what is known of a key: its best place, places, documents
_KINDS: dict[Literal["line", "paragraph", "sentence"], int] = {"line": 0, "paragraph": 1, "sentence": 2}
_FORMS: dict[Literal["raw", "lower", "ccnet", "fineweb"], int] = {"raw": 0, "lower": 1, "ccnet": 2, "fineweb": 3}


@dataclass(frozen=True)
class UnitTask:
    """One shard, its number, and where its keys go."""

    shard: Shard
    verdicts: tuple[str, ...]
    config: LineDedupConfig
    number: int
    path: str

    @property
    def tally_path(self) -> str:
        """See `tally.py`."""
        return f"{self.path}.tally"

    @property
    def known_path(self) -> str:
        """What is known here of each distinct unit: int64, shape (3, K)."""
        return f"{self.path}.known"

    @property
    def units_path(self) -> str:
        """Places, ascending, and which distinct unit stands there: int64, shape (2, N)."""
        return f"{self.path}.units"


@dataclass(frozen=True)
class _Units:
    key_N2: UInt64
    rank_RN: UInt64
    place_N: Int64


def unit_rule(config: LineDedupConfig) -> UnitRule:
    """The settings as the kernels take them."""
    from pipeline.kernels.line_units import UnitRule

    return UnitRule(_KINDS[config.unit], config.window, config.blank_lines == "compare", config.min_chars)


def units_of_texts(texts: pa.StringArray, config: LineDedupConfig) -> UnitKeys:
    """The keys of the units of each text."""
    from pipeline.kernels.line_units import unit_keys
    from pipeline.kernels.normal_units import normal_form

    return unit_keys(*string_view(texts), unit_rule(config), normal_form(_FORMS[config.normalize]))


def write_units(task: UnitTask) -> dict[str, Any]:
    """Write the units of one shard, the distinct ones among them and the key file of these; return counts."""
    units, counts = _read_units(task)
    order, begins = _sorted_by_key(units)
    number = np.cumsum(begins) - 1
    ordinal, starts = units.place_N[order] >> PLACE_BITS, np.flatnonzero(begins)
    # Equal keys are sorted by rank, then by place, so those of one document stand together.
    is_new_document = begins.copy()
    is_new_document[1:] |= ordinal[1:] != ordinal[:-1]
    known = np.stack(
        [
            units.place_N[order][starts],
            np.diff(np.append(starts, order.size)),
            np.bincount(number, is_new_document, starts.size).astype(np.int64),
        ]
    )
    distinct_N = np.empty(order.size, np.int64)
    distinct_N[order] = number
    first = order[starts]
    members = (np.uint64(task.number) << np.uint64(MEMBER_BITS)) + np.arange(starts.size, dtype=np.uint64)
    save_array(task.known_path, known)
    save_array(task.units_path, np.stack([units.place_N, distinct_N]))
    save_array(task.path, np.stack([*units.key_N2[first].T, *units.rank_RN[:, first], members]))
    return counts | {"rows": starts.size, "units": order.size}


def _read_units(task: UnitTask) -> tuple[_Units, dict[str, Any]]:
    keys, ranks, places = [np.empty((0, 2), np.uint64)], [_no_ranks(task.config)], [np.empty(0, np.int64)]
    documents = num_bytes = 0
    tally = ShardTally(task.shard)
    for batch, ordinals_D, rank_RD in read_ranked(task.shard, task.verdicts, TALLY_COLUMNS, task.config.prefer):
        tally.add(batch, ordinals_D)
        found = units_of_texts(batch.column("text"), task.config)
        row_U = np.repeat(np.arange(batch.num_rows), np.diff(found.unit_offsets_D1))
        if found.units_D.max(initial=0) >> PLACE_BITS:
            raise ValueError(f"a document of {found.units_D.max()} units; line_dedup takes {2**PLACE_BITS} at most")
        keys.append(np.stack([found.one_U, found.other_U], axis=1))
        ranks.append(rank_RD[:, row_U])
        places.append((ordinals_D[row_U] << PLACE_BITS) + found.number_U)
        documents += batch.num_rows
        num_bytes += int(pc.sum(pc.binary_length(batch.column("text"))).as_py())  # one number
    units = _Units(np.concatenate(keys), np.concatenate(ranks, axis=1), np.concatenate(places))
    return units, {"documents": documents, "bytes": num_bytes, "groups": tally.save(task.tally_path)}


def _no_ranks(config: LineDedupConfig) -> UInt64:
    return np.empty((len(ranking(config.prefer)), 0), np.uint64)


def _sorted_by_key(units: _Units) -> tuple[Int64, npt.NDArray[np.bool_]]:
    """The order of units by key, rank and place, and which of them, in that order, begin a new key."""
    order = np.argsort(units.key_N2[:, 0], kind="stable")
    one = units.key_N2[order, 0]
    ties = np.zeros(order.size + 1, np.bool_)
    ties[1:-1] = one[1:] == one[:-1]
    shared = np.flatnonzero(ties[1:] | ties[:-1])  # few: most units stand alone, and the others sort again
    among = order[shared]
    columns = [units.place_N[among], *units.rank_RN[::-1, among], units.key_N2[among, 1], units.key_N2[among, 0]]
    order[shared] = among[np.lexsort(columns)]
    begins = np.ones(order.size, np.bool_)
    begins[1:] = (units.key_N2[order[1:]] != units.key_N2[order[:-1]]).any(axis=1)
    return order, begins
