"""Plain WET records to columns, a run of them at a time; `archive_records` says the same of one record.

Shapes: M = gzip members of a run, N = plain records among them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.config import InputConfig
from pipeline.io.gzip_members import Members
from pipeline.io.spans import span_strings
from pipeline.kernels.warc_heads import CONTENT_TYPE, DATE, FIELDS, ID, LANGUAGES, URL, plain_heads

_OTHER_FIELDS = {"content_type": CONTENT_TYPE, "date": DATE, "languages": LANGUAGES}


class PlainRecords(NamedTuple):
    """Members that hold one plain record each, as columns of N documents."""

    is_plain_M: npt.NDArray[np.bool_]
    columns: Mapping[str, pa.Array]

    def before(self, m: int) -> PlainRecords:
        """Those of the first `m` members."""
        num = int(self.is_plain_M[:m].sum())
        return PlainRecords(self.is_plain_M[:m], {name: column[:num] for name, column in self.columns.items()})


def taker(config: InputConfig) -> Callable[[Members], PlainRecords | None]:
    """What takes the plain records out of a run of members; nothing where the input's own names change a field."""
    names = {config.text, config.id, config.url}
    lifted = {name: kind for name, kind in config.columns.items() if name in _OTHER_FIELDS}
    if len(names - set(_OTHER_FIELDS)) < 3 or set(lifted.values()) - {"string"}:
        return lambda _: None
    return lambda members: _plain_records(members, tuple(lifted))


def _plain_records(members: Members, lifted: tuple[str, ...]) -> PlainRecords | None:
    num = members.starts_M.size
    field_MF2, body_M2 = np.empty((num, len(FIELDS), 2), np.int64), np.empty((num, 2), np.int64)
    is_plain_M = plain_heads(members.data_O, members.bounds_M1, field_MF2, body_M2)
    field_NF2 = field_MF2[is_plain_M]
    try:
        text = span_strings(members.data_O, body_M2[is_plain_M])
    except pa.ArrowInvalid:  # one by one, to find the one that is not UTF-8
        return None
    others = {name: span_strings(members.data_O, field_NF2[:, f]) for name, f in _OTHER_FIELDS.items()}
    columns = {
        "position": pa.array(members.starts_M[is_plain_M]),
        "text": text,
        "id": span_strings(members.data_O, field_NF2[:, ID]),
        "url": span_strings(members.data_O, field_NF2[:, URL]),
    }
    rest = {name: column for name, column in others.items() if name not in lifted}
    meta = {"meta": _as_json(rest)} if rest else {}
    return PlainRecords(is_plain_M, columns | meta | {name: others[name] for name in lifted})


def _as_json(fields: Mapping[str, pa.StringArray]) -> pa.StringArray:
    """JSON objects of these fields, which are in order and need no escapes; null where all are."""
    parts = [pc.binary_join_element_wise(f', "{name}": "', column, '"', "") for name, column in fields.items()]
    inside = pc.utf8_slice_codeunits(pc.binary_join_element_wise(*(pc.fill_null(part, "") for part in parts), ""), 2)
    objects = pc.binary_join_element_wise("{", inside, "}", "")
    return pc.if_else(pc.equal(inside, ""), pa.scalar(None, pa.string()), objects)
