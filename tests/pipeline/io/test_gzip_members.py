import gzip

import pytest

from pipeline.io import gzip_members
from pipeline.io.gzip_members import MemberReader
from pipeline.io.stored import StoredBytes

TEXTS = [b"first", b"", b"x" * 5000, b"last"]
MEMBERS = [gzip.compress(text, mtime=0) for text in TEXTS]


def _runs(folder, data: bytes, stop: int | None = None) -> tuple[list[bytes], int]:
    """What all runs hold, and the offset at which zlib must take over."""
    (folder / "a.gz").write_bytes(data)
    found, at = [], 0
    with StoredBytes(str(folder / "a.gz")) as stored:
        reader = MemberReader(stored)
        while run := reader.run(at, len(data) if stop is None else stop):
            assert run.starts_M.tolist() == [at, *run.ends_M[:-1].tolist()]
            found += [run.data(m) for m in range(run.starts_M.size)]
            at = int(run.ends_M[-1])
            if stop is not None and at >= stop:
                break
    return found, at


def test_runs_hold_every_member_but_the_last_of_the_file(tmp_path):
    data = b"".join(MEMBERS)
    assert _runs(tmp_path, data) == (TEXTS[:3], len(data) - len(MEMBERS[3]))


def test_members_that_start_at_the_stop_are_not_taken(tmp_path):
    two = len(MEMBERS[0] + MEMBERS[1])
    assert _runs(tmp_path, b"".join(MEMBERS) + bytes(20), two) == (TEXTS[:2], two)


@pytest.mark.parametrize("at", [-8, -1])
def test_a_run_ends_before_a_wrong_checksum_or_size(tmp_path, at):
    broken = bytearray(MEMBERS[2])
    broken[at] ^= 1
    assert _runs(tmp_path, b"".join(MEMBERS[:2]) + bytes(broken) + MEMBERS[3])[0] == TEXTS[:2]


def test_members_behind_the_end_of_a_block_are_read_in_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr("pipeline.io.stored.BLOCK_BYTES", 1000)
    monkeypatch.setattr(gzip_members, "BLOCK_BYTES", 1000)
    monkeypatch.setattr(gzip_members, "_WORTH_BYTES", 40)
    data = b"".join(MEMBERS * 40) + bytes(20)
    assert _runs(tmp_path, data, len(data) - 20) == (TEXTS * 40, len(data) - 20)


def test_a_member_larger_than_the_room_is_left_to_zlib(tmp_path, monkeypatch):
    monkeypatch.setattr(gzip_members, "ROOM_BYTES", 2**14)
    big = gzip.compress(bytes(2**14))
    assert _runs(tmp_path, MEMBERS[0] + big + MEMBERS[3]) == (TEXTS[:1], len(MEMBERS[0]))
