"""The shape of the house: where files lie, what they may import, how long they are."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("pipeline", "tokenizer")
MIN_FILES = 40  # a loop over no files proves nothing
MAX_LINES = 400
HEAVY = ("torch", "transformers", "apache_beam", "numba")
ROW_AT_A_TIME = re.compile(r"\.(?:to_pylist|as_py|to_pydict|iterrows)\(")
ONE_NUMBER = re.compile(r"pc\.(?:sum|min|max|count)\(.*\)\.as_py\(\)")  # of a whole batch


def sources(*folders: str) -> list[Path]:
    """Source files below the folders, without `__init__.py`, relative to the project's root."""
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.py") if path.name != "__init__.py"]
    return sorted(path.relative_to(ROOT) for path in found)


def imports(path: Path) -> Iterator[str]:
    """Top-level names of all that a file imports, also inside functions; not what it imports for types alone."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute"
            yield (node.module or "").partition(".")[0]


def importers(name: str) -> set[str]:
    return {path.as_posix() for path in sources(*PACKAGES) if name in imports(path)}


def test_the_files_are_seen():
    assert len(sources(*PACKAGES)) >= MIN_FILES


def test_every_source_file_has_its_test_file():
    missing = [
        f"{path} has no {test}"
        for path in sources(*PACKAGES)
        if not (ROOT / (test := Path("tests") / path.parent / f"test_{path.name}")).is_file()
    ]
    assert missing == []


def test_beam_lives_in_stages_and_in_the_map():
    found = importers("apache_beam")
    assert found
    assert {name for name in found if not name.startswith("pipeline/stages/") and name != "pipeline/run.py"} == set()


@pytest.mark.parametrize("library", ["torch", "transformers", "peft"])
def test_training_libraries_live_in_train(library):
    found = importers(library)
    assert found
    assert {name for name in found if not name.startswith("pipeline/train/")} == set()


def test_kernels_know_numbers_alone():
    for path in sources("pipeline/kernels"):
        assert set(imports(path)) <= {
            *sys.stdlib_module_names,
            "numpy",
            "numba",
            "llvmlite",
            "pyarrow",
            "pipeline",
            "tokenizers",
        }, path


def test_the_tokenizer_stands_alone():
    assert {name for name in importers("pipeline") if name.startswith("tokenizer/")} == set()
    assert importers("pipeline")


@pytest.mark.parametrize("path", sources(*PACKAGES), ids=str)
def test_files_are_short(path):
    assert len((ROOT / path).read_text(encoding="utf-8").splitlines()) <= MAX_LINES


def test_rows_are_not_taken_one_by_one_where_it_is_hot():
    """A call that makes Python objects of rows has a comment, beside it or above it, that says why it may."""
    silent, seen = [], 0
    for path in sources("pipeline/stages", "pipeline/kernels"):
        above = ""
        for number, line in enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), 1):
            seen += 1
            is_hot = ROW_AT_A_TIME.search(line) and not ONE_NUMBER.search(line)
            if is_hot and "  # " not in line and not above.startswith("#"):
                silent.append(f"{path}:{number}: {line.strip()}")
            above = line.strip()
    assert seen > 1000
    assert silent == []


@pytest.mark.parametrize(
    "module", ["pipeline", "pipeline.cli", "pipeline.config", "pipeline.recipe", "pipeline.report.write", "tokenizer"]
)
def test_imports_are_light(module):
    """In a process of its own: this one has loaded everything already."""
    code = f"import sys, {module}; print(*sorted(set(sys.modules) & set({HEAVY!r})))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_no_module_is_called_after_nothing():
    empty_names = {"utils", "common", "helpers", "misc", "manager", "base", "constants"}
    assert [str(path) for path in sources(*PACKAGES) if path.stem in empty_names] == []


def test_every_module_says_what_it_is():
    silent = [
        str(path) for path in sources(*PACKAGES) if not ast.get_docstring(ast.parse((ROOT / path).read_text("utf-8")))
    ]
    assert silent == []


def test_names_and_messages_are_plain_ascii():
    """Identifiers everywhere, and whatever is raised."""
    odd = []
    for path in sources(*PACKAGES):
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
            names = [getattr(node, field, None) for field in ("id", "attr", "name", "arg")]
            texts = (
                [n.value for n in ast.walk(node) if isinstance(n, ast.Constant)] if isinstance(node, ast.Raise) else []
            )
            odd += [
                f"{path}:{node.lineno}" for text in (*names, *texts) if isinstance(text, str) and not text.isascii()
            ]
    assert odd == []
