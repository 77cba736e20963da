import pyarrow as pa
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from pipeline.io.stored import BLOCK_BYTES, StoredBytes, is_url, open_arrow

DATA = bytes(range(256)) * 9000
assert len(DATA) > 2 * BLOCK_BYTES


def _file(tmp_path_factory):
    path = tmp_path_factory.mktemp("stored") / "data.bin"
    path.write_bytes(DATA)
    return str(path)


@given(
    reads=st.lists(st.tuples(st.integers(0, len(DATA) + 10), st.integers(0, BLOCK_BYTES)), max_size=6),
    ends=st.tuples(st.integers(0, len(DATA)), st.integers(0, len(DATA))),
)
def test_digest_and_count_are_those_of_the_range_however_it_was_read(tmp_path_factory, reads, ends):
    start, stop = sorted(ends)
    with StoredBytes(_file(tmp_path_factory), start, stop) as stored:
        for at, size in reads:
            assert stored.read_at(at, size) == DATA[at : at + size]
        counted = stored.take_count()
        assert stored.digest() == xxhash.xxh3_128_hexdigest(DATA[start:stop])
        assert counted + stored.take_count() == stop - start


def test_blocks_are_the_rest_of_the_file(tmp_path_factory):
    with StoredBytes(_file(tmp_path_factory)) as stored:
        assert b"".join(stored.blocks(100)) == DATA[100:]
        assert stored.digest() == xxhash.xxh3_128_hexdigest(DATA)


def test_paths_with_a_scheme_go_through_fsspec(tmp_path):
    import fsspec

    with fsspec.open("memory://stored/one.bin", "wb") as file:
        file.write(b"far away")
    assert is_url("memory://stored/one.bin")
    assert not is_url("/data/one.bin")
    with StoredBytes("memory://stored/one.bin") as stored:
        assert stored.read_at(4, 4) == b"away"
    with open_arrow("memory://stored/one.bin") as file:
        assert isinstance(file, pa.PythonFile)
        assert file.read() == b"far away"
