"""Both files are written whole, and a folder that holds no run says what to do."""

import json

import pytest

from pipeline.errors import UserError
from pipeline.report.funnel import ReportError
from pipeline.report.write import write_report
from tests.pipeline.report.fake_run import write_run


def test_json_is_what_comes_back_and_the_page_lies_beside_it(tmp_path):
    facts = write_report(write_run(tmp_path))
    assert json.loads((tmp_path / "report.json").read_text()) == facts
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")
    assert not list(tmp_path.glob(".*"))


def test_a_second_report_is_the_same_bytes(tmp_path):
    write_report(write_run(tmp_path))
    first = [(tmp_path / name).read_bytes() for name in ("report.json", "report.html")]
    write_report(tmp_path)
    assert [(tmp_path / name).read_bytes() for name in ("report.json", "report.html")] == first


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "holds no manifest.json, so no finished run; run its recipe"),
        ("{", "manifest.json can't be read: .*; run the recipe again"),
        ("[]", "is not the manifest of a run: it has no list of jobs"),
        ('{"rows": 3}', "is not the manifest of a run: it has no list of jobs"),
    ],
)
def test_a_folder_without_a_finished_run_is_refused(tmp_path, content, message):
    if content is not None:
        (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(ReportError, match=message):
        write_report(tmp_path)
    assert not (tmp_path / "report.html").exists()


def test_a_run_directory_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"no run directory at .*none; name the folder that `corpusmill run` wrote"):
        write_report(tmp_path / "none")
