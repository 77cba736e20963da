"""`corpusmill demo`: the whole line on text that every Python installation already holds.

One document per docstring of 50 words or more, per README (the body of a package's METADATA) and per licence file: tens
of MB of real prose, with real near-duplicates (licences) and real e-mail addresses (authors). It is gathered to JSON
Lines under RUN_DIR/corpus, each text with its path, sorted by path.
"""

from __future__ import annotations

import ast
import inspect
import json
import os
import sys
import sysconfig
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from email.parser import Parser
from pathlib import Path

from pipeline.config import Recipe
from pipeline.errors import UserError
from pipeline.io.commit import atomic_path
from pipeline.recipe import load_recipe

MIN_WORDS = 50
MAX_MODULE_BYTES = 2 * 2**20  # longer modules are tables, not prose
MAX_PACKAGE_BYTES = 10 * 2**20  # so that no one package is half the corpus
LICENCE_NAMES = ("LICENSE", "LICENCE", "COPYING", "NOTICE", "AUTHORS")
FILES_PER_TASK = 200
CORPUS = ("docstrings", "readmes", "licences")

Text = tuple[str, str]  # where it stands, what it says


def demo(run_dir: Path, run: Callable[[Recipe], None]) -> None:
    """Gather the corpus, then run the demo recipe on it: clean, tokenizer, shards, a base and an adapter.

    A corpus that is there is used again, so that a second call goes on with the run, whatever was installed since.
    """
    if not all((run_dir / "corpus" / f"{name}.jsonl").exists() for name in CORPUS):
        print(f"Gathering the prose of this Python installation into {run_dir / 'corpus'}", file=sys.stderr, flush=True)
        counts = gather(run_dir / "corpus")
        print(", ".join(f"{n:,} {name}" for name, n in counts.items()), file=sys.stderr, flush=True)
    overrides = [f"run_dir={run_dir}", f"input.0.paths=[{json.dumps(str(run_dir / 'corpus' / '*.jsonl'))}]"]
    run(load_recipe(config_path("demo.yaml"), overrides))


def config_path(name: str) -> Path:
    """A shipped recipe: in a checkout beside the package, in an installed wheel inside it."""
    here = Path(__file__).parent
    for folder in (here / "configs", here.parent / "configs"):
        if (folder / name).is_file():
            return folder / name
    raise UserError(f"the recipe configs/{name} is missing from this installation; install corpusmill again")


def gather(folder: Path, roots: Sequence[Path] | None = None) -> dict[str, int]:
    """Write docstrings.jsonl, readmes.jsonl and licences.jsonl below `folder`; texts per file come back."""
    roots = roots or _python_roots()
    found = dict(zip(CORPUS, (_docstrings(roots), _readmes(roots), _licences(roots)), strict=True))
    return {name: _write(folder / f"{name}.jsonl", texts) for name, texts in found.items()}


def _python_roots() -> list[Path]:
    """The standard library and the installed packages."""
    paths = sysconfig.get_paths()
    return list(dict.fromkeys(Path(paths[name]).resolve() for name in ("stdlib", "purelib", "platlib")))


def _write(path: Path, texts: Iterator[Text]) -> int:
    count = 0
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        for where, text in texts:
            file.write(json.dumps({"id": where, "text": text}, ensure_ascii=False) + "\n")
            count += 1
    return count


def _files(roots: Sequence[Path], pattern: str) -> list[tuple[str, Path]]:
    """(path below its root, path) of files, sorted; a root inside another belongs to itself alone."""
    found = {}
    for root in roots:
        inner = [other for other in roots if other != root and other.is_relative_to(root)]
        for path in root.rglob(pattern):
            if path.is_file() and not any(path.is_relative_to(other) for other in inner):
                found[path.relative_to(root).as_posix()] = path
    return sorted(found.items())


def _docstrings(roots: Sequence[Path]) -> Iterator[Text]:
    files = list(_within_limits(_files(roots, "*.py")))
    groups = [files[i : i + FILES_PER_TASK] for i in range(0, len(files), FILES_PER_TASK)]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for texts in pool.map(_docstrings_of, groups):
            yield from texts


def _within_limits(files: Sequence[tuple[str, Path]]) -> Iterator[tuple[str, Path]]:
    """Modules that are not too long, of each package the first MAX_PACKAGE_BYTES."""
    taken: Counter[str] = Counter()
    for name, path in files:
        package, size = name.partition("/")[0], path.stat().st_size
        if size <= MAX_MODULE_BYTES and taken[package] + size <= MAX_PACKAGE_BYTES:
            taken[package] += size
            yield name, path


def _docstrings_of(files: Sequence[tuple[str, Path]]) -> list[Text]:
    return [text for name, path in files for text in _module_docstrings(name, path)]


def _module_docstrings(name: str, path: Path) -> Iterator[Text]:
    """Docstrings of a module and of all it defines, as `path:qualified.name`; what is no Python is passed over."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    yield from _node_docstrings(name, "", tree)


def _node_docstrings(name: str, qualified: str, node: ast.AST) -> Iterator[Text]:
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        text = ast.get_docstring(node, clean=False)
        if text and len(text.split()) >= MIN_WORDS:
            yield f"{name}:{qualified}", inspect.cleandoc(_encodable(text))
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            inner = f"{qualified}.{child.name}" if qualified else child.name
            yield from _node_docstrings(name, inner, child)


def _encodable(text: str) -> str:
    """Escapes in a string literal can spell half a character, which no file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _readmes(roots: Sequence[Path]) -> Iterator[Text]:
    for name, path in _files(roots, "METADATA"):
        body = Parser().parsestr(path.read_text(encoding="utf-8", errors="replace")).get_payload()
        if isinstance(body, str) and len(body.split()) >= MIN_WORDS:
            yield name, body.strip()


def _licences(roots: Sequence[Path]) -> Iterator[Text]:
    paths = {name: path for stem in LICENCE_NAMES for name, path in _files(roots, f"{stem}*") if _is_prose(path)}
    for name, path in sorted(paths.items()):
        text = path.read_text(encoding="utf-8", errors="replace").strip()
        if len(text.split()) >= MIN_WORDS:
            yield name, text


def _is_prose(path: Path) -> bool:
    return path.suffix.lower() in ("", ".txt", ".md", ".rst", ".apache", ".bsd", ".mit", ".apache2")
