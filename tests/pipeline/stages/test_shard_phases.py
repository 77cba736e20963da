from pipeline.io.dataset import VERDICT, Documents, Shard, write_verdicts
from pipeline.stages.shard_phases import ShardPhases, read_mapped, summed
from tests.deduped import LocalEngine
from tests.pipeline.stages.test_duplicates import rows


def test_each_shard_has_a_task_and_a_path_of_its_own(tmp_path):
    documents = Documents((Shard("a", 2, 0, 10), Shard("b", 3, 2, 20)))
    phases = ShardPhases("job", LocalEngine(backwards=True), documents, tmp_path, "key")
    assert phases.path("read", 1) == str(tmp_path / "read" / "000001")
    results = phases.run("read", lambda payload: {"rows": payload}, [4, 5])
    assert (results, summed(results, "rows")) == ([{"rows": 4}, {"rows": 5}], 9)
    assert (tmp_path / "read").is_dir()


def test_a_verdict_file_reads_back(tmp_path):
    write_verdicts(tmp_path / "v.arrow", rows((3, 1, 0.9)))
    table = read_mapped(str(tmp_path / "v.arrow"))
    assert table.schema == VERDICT
    assert table.to_pylist() == [{"ordinal": 3, "keeper": 1, "jaccard": 0.9}]
