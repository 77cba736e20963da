import json

import pytest

from pipeline.config import InputConfig
from pipeline.io.reading import piece_digest
from pipeline.io.rundir import RunDirError
from pipeline.io.slices import find_sources, plan_slices
from pipeline.io.sources import check_unchanged, piece_name


@pytest.fixture
def planned(tmp_path):
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "a.jsonl"
    path.write_text("\n".join(json.dumps({"text": f"document {i}"}) for i in range(400)))

    def plan():
        inputs = [InputConfig(format="jsonl", paths=(str(path),))]
        sources = find_sources(inputs)
        return sources, plan_slices(inputs, sources, 2048)

    return path, plan


def _digests(slices):
    return {piece_name(piece): piece_digest(piece) for one in slices for piece in one.pieces}


def test_a_touched_file_with_the_same_bytes_is_accepted(planned, tmp_path):
    path, plan = planned
    sources, slices = plan()
    digests = _digests(slices)
    assert len(digests) > 3
    check_unchanged(tmp_path, sources, slices, {})
    path.touch()
    check_unchanged(tmp_path, *plan(), digests)


def test_other_bytes_are_refused_only_where_they_were_read(planned, tmp_path):
    path, plan = planned
    sources, slices = plan()
    digests = _digests(slices)
    check_unchanged(tmp_path, sources, slices, digests)
    path.write_text(path.read_text().replace("document 399", "document 000"))
    first = {name: digest for name, digest in digests.items() if ":0-" in name}
    check_unchanged(tmp_path, *plan(), first)
    path.write_text(path.read_text().replace("document 000", "document 999"))
    with pytest.raises(RunDirError, match="has changed since this run read it"):
        check_unchanged(tmp_path, *plan(), digests)
