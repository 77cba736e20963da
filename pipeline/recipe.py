"""Recipe files: YAML and `--set` in, a checked `Recipe` out, every mistake at once and in words."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from pipeline.config import Recipe
from pipeline.errors import UserError

NOT_YET = (
    "c4", "fineweb", "keywords", "perplexity", "classifier", "decontaminate",
)  # fmt: skip


class RecipeError(UserError):
    """The recipe can't be run; the message lists every mistake."""


class _Loader(yaml.SafeLoader):
    """YAML as people mean it: `no` is Norwegian, 1e-4 is a number, a key given twice is a mistake."""

    yaml_implicit_resolvers: ClassVar = {
        first: [
            (tag, pattern)
            for tag, pattern in resolvers
            if tag not in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:float")
        ]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise RecipeError(f"{_where(key_node)}: `{key}` stands twice; keep one")
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(
        r"^[-+]?(?:(?:\d[\d_]*\.[\d_]*|\.\d[\d_]*)(?:[eE][-+]?\d+)?|\d[\d_]*[eE][-+]?\d+|\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
    ),
    list("-+.0123456789"),
)


def _where(node: yaml.Node) -> str:
    return f"line {node.start_mark.line + 1}"


def parse_yaml(text: str, name: str) -> Any:
    """The value of a YAML text. Raises RecipeError with the line."""
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f"line {mark.line + 1}: " if mark else ""
        raise RecipeError(f"{name} is not YAML: {line}{error.problem}") from None
    except yaml.YAMLError as error:
        raise RecipeError(f"{name} is not YAML: {error}") from None


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
        return Recipe.model_validate(value)
    except ValidationError as error:
        mistakes = [_mistake(value, e) for e in error.errors()]
        raise RecipeError(f"{name}:\n" + "\n".join(f"  {m}" for m in dict.fromkeys(mistakes))) from None


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
    if isinstance(at, list) and (named := _named(at, last)):
        named[0][last] = new
    elif isinstance(at, list):
        at[_index(at, last, override)] = new
    else:
        at[last] = new


def _named(items: list[Any], step: str) -> list[dict[str, Any]]:
    return [item for item in items if isinstance(item, dict) and step in item]


def _enter(at: Any, step: str, override: str) -> Any:
    if isinstance(at, list):
        named = _named(at, step)
        found = named[0][step] if named else at[_index(at, step, override)]
    elif isinstance(at, dict):
        found = at.setdefault(step, {})
    else:
        raise RecipeError(f"--set {override}: {step} stands below a plain value")
    return found


def _index(items: list[Any], step: str, override: str) -> int:
    if not step.isdigit() or int(step) >= len(items):
        names = [next(iter(i)) if isinstance(i, dict) and i else str(i) for i in items]
        raise RecipeError(
            f"--set {override}: no `{step}` here; there are {', '.join(names)} (or 0 to {len(items) - 1})"
        )
    return int(step)


def _mistake(value: Any, error: Any) -> str:
    """One mistake in words: dotted path, what was found, what was expected, the way out."""
    loc = [str(part) for part in error["loc"]]
    path, found = ".".join(loc) or "recipe", error.get("input")
    if error["type"] == "extra_forbidden":
        return _unknown_key(loc, path)
    if error["type"] == "missing":
        return f"{path} is missing"
    if error["type"] == "value_error":
        return f"{path}: {error['ctx']['error']}"
    return f"{path}: {error['msg']}, got {found!r}"


def _unknown_key(loc: Sequence[str], path: str) -> str:
    key, valid = loc[-1], sorted(_fields_at(loc[:-1]))
    close = difflib.get_close_matches(key, valid, 1, 0.5)
    if loc[0] == "stages" and len(loc) == 3 and key in NOT_YET:
        return f"{path}: `{key}` is planned, not built yet; remove it. Stages there are: {', '.join(valid)}"
    way_out = f"did you mean `{close[0]}`?" if close else f"known here: {', '.join(valid)}"
    return f"{path}: unknown key `{key}`; {way_out}"


def _fields_at(loc: Sequence[str]) -> set[str]:
    """Names of the fields of the model that a location leads to."""
    model: type[BaseModel] | None = Recipe
    for part in loc:
        if model is None or part.isdigit() or part not in model.model_fields:
            continue
        model = _model_in(model.model_fields[part].annotation)
    return set(model.model_fields) if model else set()


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_in(part) for part in get_args(annotation))
    return next((model for model in found if model is not None), None)


def as_yaml(recipe: Recipe) -> str:
    """The recipe with every default spelt out, as YAML that `load_recipe` reads back to an equal recipe."""
    value = recipe.model_dump()
    value["stages"] = [{entry.name: entry.config.model_dump()} for entry in recipe.stages]
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True)


class _Dumper(yaml.SafeDumper):
    """Writes tuples as lists."""


_Dumper.add_representer(tuple, lambda dumper, value: dumper.represent_list(value))


__all__ = ["RecipeError", "as_yaml", "load_recipe", "parse_recipe", "parse_yaml"]
