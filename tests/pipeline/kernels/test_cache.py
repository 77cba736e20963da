from pathlib import Path

from pipeline.kernels import cache


def test_the_folder_changes_with_any_kernel(monkeypatch, tmp_path):
    before = cache.kernels_hash()
    assert before == cache.kernels_hash()
    for path in Path(cache.__file__).parent.glob("*.py"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(cache, "__file__", str(tmp_path / "cache.py"))
    assert cache.kernels_hash() == before
    (tmp_path / "words.py").write_text("changed")
    assert cache.kernels_hash() != before


def test_the_folder_changes_with_the_tokenizers_kernels(monkeypatch, tmp_path):
    spec = cache.find_spec("tokenizer")
    before = cache.kernels_hash()
    (tmp_path / "pretokenize.py").write_text("changed")
    monkeypatch.setattr(spec, "submodule_search_locations", [str(tmp_path)])
    monkeypatch.setattr(cache, "find_spec", lambda name: spec)
    assert cache.kernels_hash() != before


def test_it_lies_in_the_users_cache_or_in_a_temporary_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.numba_cache_dir().is_relative_to(tmp_path)
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    elsewhere = cache.numba_cache_dir()
    assert elsewhere.is_dir()
    assert not elsewhere.is_relative_to(tmp_path)
