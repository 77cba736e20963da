import gzip

import pytest
import zstandard

from pipeline.config import KeywordsConfig
from pipeline.config.filters import UrlListsConfig
from pipeline.io.word_lists import WordListError, list_files, read_list, read_words, word_list_files


def written(folder, name, data):
    path = folder / name
    path.write_bytes(data)
    return str(path)


def test_an_entry_is_a_line_without_the_spaces_around_it(tmp_path):
    path = written(tmp_path, "a", "\ufeffone\r\n two words \n\n\t\n# not a comment\n\u3000\u65e5".encode())
    assert read_words("lists.0", path) == ["one", "two words", "# not a comment", "\u65e5"]


@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress])
def test_compressed_lists_are_read(tmp_path, compress):
    assert read_words("lists.0", written(tmp_path, "a.x", compress(b"one\ntwo\n"))) == ["one", "two"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            "ok\ncaf\u00e9\n".encode("latin1"),
            r"keywords.lists.0: .*a is not UTF-8: byte 0xE9 at offset 6 \(line 2\); .*iconv",
        ),
        (b"", "has no entries"),
        (b" \n\n", "has no entries"),
        (b"ok\n" + b"x" * 2**20, r"entry 2 of .* has 1,048,576 characters .* at most 1,000"),
        (b"PK\x03\x04rest", "is zip; expected plain text, gzip"),
        (gzip.compress(b"one\ntwo\n", mtime=0)[:-9], r"is damaged \(truncated_gzip\)"),
    ],
)
def test_a_list_that_is_none_says_what_it_is(tmp_path, data, message):
    with pytest.raises(WordListError, match=message):
        read_words("lists.0", written(tmp_path, "a", data))


def test_a_path_that_leads_nowhere_says_so(tmp_path):
    with pytest.raises(WordListError, match=r"keywords.urls.words.1: no file .*gone; expected"):
        read_list("urls.words.1", str(tmp_path / "gone"))
    with pytest.raises(WordListError, match="can't be read: Is a directory"):
        read_list("lists.0", str(tmp_path))


def test_files_of_a_folder_belong_to_the_language_that_they_are_named_by(tmp_path):
    for name in ("en", "de.txt", "fil.txt.gz", "fr-CA-u-sd-caqc", "README.md", "LICENSE", ".hidden", "en.bak"):
        written(tmp_path, name, b"x")
    (tmp_path / "nl").mkdir()
    found = word_list_files(KeywordsConfig(lists_dir=str(tmp_path)))
    assert sorted(map(str, found)) == ["de", "en", "fil", "fr-CA-u-sd-caqc"]
    assert found["de"] == [("lists_dir", str(tmp_path / "de.txt"))]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (None, "no folder .*; expected one of files such as en.txt"),
        ([], "has no file named by a language"),
        (["README.md"], "has no file named by a language"),
        (["en", "en.txt"], "are both for 'en'; keep one"),
    ],
)
def test_a_folder_without_lists_is_refused(tmp_path, names, message):
    for name in names or ():
        written(tmp_path, name, b"x")
    folder = tmp_path if names is not None else tmp_path / "gone"
    with pytest.raises(WordListError, match=message):
        word_list_files(KeywordsConfig(lists_dir=str(folder)))


def test_every_file_that_decides_is_named_with_its_key(tmp_path):
    urls = UrlListsConfig(domains=("d0", "d1"), subwords=("s",))
    assert list_files(KeywordsConfig(lists=["a", "b"], urls=urls)) == [
        ("lists.0", "a"),
        ("lists.1", "b"),
        ("urls.domains.0", "d0"),
        ("urls.domains.1", "d1"),
        ("urls.subwords.0", "s"),
    ]
    assert list_files(KeywordsConfig(lists={"en": "a", "de": ["b", "c"]})) == [
        ("lists.en.0", "a"),
        ("lists.de.0", "b"),
        ("lists.de.1", "c"),
    ]
    path = written(tmp_path, "en", b"x")
    assert list_files(KeywordsConfig(lists_dir=str(tmp_path))) == [("lists_dir", path)]
    assert list_files(KeywordsConfig()) == []
