"""On resume, sources must still hold what was read from them.

An unchanged (size, modification time) is trusted; a changed one is read again and compared with the digests that
workers took while reading.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.io.commit import read_json, write_json
from pipeline.io.reading import piece_digest
from pipeline.io.rundir import RunDirError
from pipeline.io.slices import Piece, Slice, SourceFile

IDENTITIES = "sources.json"


def piece_name(piece: Piece) -> str:
    """Name of a piece in the digests that readers take."""
    return f"{piece.file.source}:{piece.start}-{piece.stop}"


def check_unchanged(
    folder: Path, sources: Sequence[SourceFile], slices: Sequence[Slice], digests: Mapping[str, str]
) -> None:
    """Raise RunDirError where a source changed after pieces of it were read; then remember today's identities.

    digests: what finished slices recorded, by piece_name.
    """
    before = read_json(folder / IDENTITIES) or {}
    touched = {s.source for s in sources if s.source in before and before[s.source] != [s.size, s.modified]}
    for piece in (piece for one in slices for piece in one.pieces if piece.file.source in touched):
        recorded = digests.get(piece_name(piece))
        if recorded is not None and recorded != piece_digest(piece):
            raise RunDirError(
                f"{piece.file.path} has changed since this run read it; put it back, "
                "or start again with --fresh (or another --run-dir)"
            )
    write_json(folder / IDENTITIES, {s.source: [s.size, s.modified] for s in sources})
