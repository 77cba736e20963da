from types import SimpleNamespace

from pipeline import watch
from pipeline.io.progress import Progress, ProgressFile


def test_plain_lines_where_there_is_no_terminal(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(watch, "LINE_SECONDS", 0.0)
    with watch.ProgressWatcher() as watcher:
        watcher.begin("language", 1, 4, size=1000, progress_dir=str(tmp_path))
        ProgressFile(tmp_path, "0").add(Progress(documents=200, kept=50, bytes_read=500))
        watcher.tick(2)
        watcher.begin("bands", 0, 3, size=0, progress_dir=None)
        watcher.tick(2)
        watcher.train_step(SimpleNamespace(step=3, num_steps=9, loss=2.5, tokens_per_second=1200.0, seconds_left=4.0))
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == ""
    assert lines[0] == "language (1 of 4 done before)"
    assert lines[1].startswith("language: 200 documents")
    assert lines[1].endswith("kept 25%")
    assert lines[2:4] == ["bands", "bands: 2/3"]
    assert lines[4] == "train: step 3/9  loss 2.500  1,200 tokens/s  4 s left"


def test_bars_on_a_terminal_say_the_same(tmp_path, monkeypatch):
    watcher = watch.ProgressWatcher()
    watcher._console = watch.Console(force_terminal=True, record=True, width=160)
    ProgressFile(tmp_path, "0").add(Progress(documents=200, kept=50, bytes_read=500))
    with watcher:
        watcher.begin("language", 0, 1, size=1000, progress_dir=str(tmp_path))
        watcher._before = Progress()
        watcher.tick(0)
        assert watcher._bars is not None
        assert watcher._bars.tasks[0].completed == 500
        assert "kept 25%" in watcher._bars.tasks[0].fields["said"]
