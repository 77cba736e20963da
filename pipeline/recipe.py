"""Recipe files: YAML and `--set` in, a checked `Recipe` out, every mistake at once and in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import yaml
from pydantic import ValidationError

from pipeline.config import Recipe
from pipeline.errors import UserError
from pipeline.mistakes import in_words
from pipeline.schema import RESERVED

MERGE_TAG = "tag:yaml.org,2002:merge"
REREAD_TAGS = tuple(f"tag:yaml.org,2002:{kind}" for kind in ("bool", "float", "timestamp"))


class RecipeError(UserError):
    """The recipe can't be run; the message lists every mistake."""


class _KeyMistake(yaml.MarkedYAMLError):
    """YAML, but keys that no recipe has."""


class _Loader(yaml.SafeLoader):
    """YAML as people mean it: `no` is Norwegian, 1e-4 a number, 2024-05-01 a text, a key given twice a mistake."""

    yaml_implicit_resolvers: ClassVar = {  # type: ignore[misc]  # the stubs take it for an instance's own
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in REREAD_TAGS]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if key_node.tag == MERGE_TAG:
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                raise _KeyMistake(problem="a key must be a plain word", problem_mark=key_node.start_mark)
            key = self.construct_object(key_node)
            if key in seen:
                raise _KeyMistake(problem=f"`{key}` stands twice; keep one", problem_mark=key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


BOOL = re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$")
FLOAT = re.compile(
    r"^[-+]?(?:(?:\d[\d_]*\.[\d_]*|\.\d[\d_]*)(?:[eE][-+]?\d+)?|\d[\d_]*[eE][-+]?\d+|\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
)
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", BOOL, list("tTfF"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", FLOAT, list("-+.0123456789"))


def parse_yaml(text: str, name: str) -> Any:
    """The value of a YAML text. Raises RecipeError with the line."""
    try:
        return yaml.load(text, Loader=_Loader)
    except _KeyMistake as error:
        raise RecipeError(f"{name}: {_line(error)}{error.problem}") from None
    except yaml.MarkedYAMLError as error:
        raise RecipeError(f"{name} is not YAML: {_line(error)}{error.problem}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise RecipeError(f"{name} is not YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise RecipeError(f"{name}: nested too deeply; expected a recipe") from None


def _line(error: yaml.MarkedYAMLError) -> str:
    return f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""


def load_recipe(path: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """The recipe in a file, with `dotted.key=value` overrides. Raises RecipeError."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise RecipeError(f"no recipe at {path}; the shipped ones are in configs/") from None
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"recipe {path} can't be read: {error}") from None
    value = parse_yaml(text, str(path))
    if not isinstance(value, dict):
        raise RecipeError(f"{path} must hold keys such as run_dir, input and stages, got {type(value).__name__}")
    for override in overrides:
        _apply(value, override)
    return parse_recipe(value, str(path))


def parse_recipe(value: Mapping[str, Any], name: str = "recipe") -> Recipe:
    """Check a recipe given as plain values. Raises RecipeError naming every mistake with its dotted path."""
    try:
        recipe = Recipe.model_validate(value)
    except ValidationError as error:
        mistakes = in_words(value, error.errors())
        raise RecipeError("\n  ".join([f"{name}:", *mistakes])) from None
    if problems := list(_column_problems(recipe)):
        raise RecipeError("\n  ".join([f"{name}:", *problems]))
    return recipe


def _column_problems(recipe: Recipe) -> Iterator[str]:
    """Lifted columns that can't stand in `documents/`: one of our own names, or one name with two types."""
    kinds = recipe.lifted_columns
    for i, one in enumerate(recipe.input):
        for column, kind in one.columns.items():
            path = f"input.{i}.columns.{column}"
            if column in RESERVED:
                yield f"{path}: `{column}` is a column of documents/ already; leave it out, the field stays in `meta`"
            elif kind != kinds[column]:
                yield f"{path}: {kind} here and {kinds[column]} in another input; give both one type"


def _apply(value: dict[str, Any], override: str) -> None:
    """Set `stages.near_dedup.min_jaccard=0.7`; a list is entered by number, `stages` also by a stage's name."""
    path, equals, text = override.partition("=")
    if not equals:
        raise RecipeError(f"--set {override}: expected dotted.key=value")
    *parents, last = path.split(".")
    at: Any = value
    for step in parents:
        at = _enter(at, step, override)
    new = parse_yaml(text, f"--set {path}")
    if isinstance(at, list) and (item := _named(at, step=last, override=override)):
        item[last] = new
    elif isinstance(at, list):
        at[_index(at, last, override)] = new
    elif isinstance(at, dict):
        at[last] = new
    else:
        raise RecipeError(f"--set {override}: {last} stands below a plain value")


def _named(items: list[Any], *, step: str, override: str) -> dict[str, Any] | None:
    """The one item of `items` that has the key `step`; None where none has."""
    places = [i for i, item in enumerate(items) if isinstance(item, dict) and step in item]
    if len(places) > 1:
        numbered = " or ".join(f"{place}.{step}" for place in places)
        raise RecipeError(f"--set {override}: {step} stands there {len(places)} times; say which: {numbered}")
    return items[places[0]] if places else None


def _enter(at: Any, step: str, override: str) -> Any:
    if isinstance(at, list):
        item = _named(at, step=step, override=override)
        found = item[step] if item else at[_index(at, step, override)]
    elif isinstance(at, dict):
        found = at.setdefault(step, {})
    else:
        raise RecipeError(f"--set {override}: {step} stands below a plain value")
    return found


def _index(items: list[Any], step: str, override: str) -> int:
    if not step.isdecimal() or int(step) >= len(items):
        names = [next(iter(i)) if isinstance(i, dict) and i else str(i) for i in items]
        raise RecipeError(
            f"--set {override}: no `{step}` here; there are {', '.join(names)} (or 0 to {len(items) - 1})"
        )
    return int(step)


def as_yaml(recipe: Recipe) -> str:
    """The recipe with every default spelt out, as YAML that `load_recipe` reads back to an equal recipe."""
    value = recipe.model_dump()
    value["stages"] = [{entry.name: entry.config.model_dump()} for entry in recipe.stages]
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True)


class _Dumper(yaml.SafeDumper):
    """Writes tuples as lists, and quotes what any reader of YAML, ours or another, might take for no text."""


_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", FLOAT, list("-+.0123456789"))
_Dumper.add_representer(tuple, lambda dumper, value: dumper.represent_list(value))


__all__ = ["RecipeError", "as_yaml", "load_recipe", "parse_recipe", "parse_yaml"]
