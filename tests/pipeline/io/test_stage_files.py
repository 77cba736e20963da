import pytest

from pipeline.config import StageEntry
from pipeline.errors import UserError
from pipeline.io.stage_files import check_stage_files, file_digests, stage_files


def entry(**stage):
    return StageEntry.model_validate(stage)


def test_every_file_that_settings_name():
    assert list(stage_files(entry(language={"keep": "all"}))) == []
    assert list(stage_files(entry(language={"keep": "all", "model": "a.ftz"}))) == [("model", "a.ftz")]
    assert list(stage_files(entry(classifier={"model": "c.bin"}))) == [("model", "c.bin")]
    two = {"model": {"en": "en.arpa", "de": "de.arpa"}, "pieces": {"en": "en.model", "de": "de.model"}}
    assert list(stage_files(entry(perplexity=two))) == [
        ("model.en", "en.arpa"),
        ("model.de", "de.arpa"),
        ("pieces.en", "en.model"),
        ("pieces.de", "de.model"),
    ]
    assert list(stage_files(entry(perplexity={"model": "m.arpa"}))) == [("model", "m.arpa")]
    assert [path for _, path in stage_files(entry(keywords={"lists": ["a.txt", "b.txt"]}))] == ["a.txt", "b.txt"]


def test_tokenizers_are_named_by_file_or_folder(tmp_path):
    (tmp_path / "t.json").write_text("{}")
    settings = {"compare": [str(tmp_path / "t.json"), str(tmp_path)], "extend": "base", "add_tokens": 5}
    assert list(stage_files(entry(train_tokenizer=settings))) == [
        ("extend", "base/tokenizer.json"),
        ("compare.0", str(tmp_path / "t.json")),
        ("compare.1", str(tmp_path / "tokenizer.json")),
    ]


def test_a_missing_file_is_named_before_any_work(tmp_path):
    with pytest.raises(UserError, match=r"stages\.2\.classifier\.model: expected a file at none\.bin, found nothing"):
        check_stage_files(entry(classifier={"model": "none.bin"}), "stages.2.classifier")
    with pytest.raises(UserError, match=r"stages\.0\.language\.model: expected a file at .*, found a folder"):
        check_stage_files(entry(language={"keep": "all", "model": str(tmp_path)}), "stages.0.language")


def test_files_are_known_by_their_content(tmp_path):
    paths = [tmp_path / "a.txt", tmp_path / "b.txt"]
    for path in paths:
        path.write_text("word\n")
    one, other = (file_digests(entry(keywords={"lists": [str(path)]})) for path in paths)
    assert one == other
    paths[1].write_text("other\n")
    assert file_digests(entry(keywords={"lists": [str(paths[1])]})) != one


def test_flagged_words_of_ratios_are_files_too():
    settings = {"profile": "data_juicer", "lists": ["flagged.txt"]}
    assert list(stage_files(entry(ratios=settings))) == [("lists.0", "flagged.txt")]
