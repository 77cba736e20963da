"""The verbs of `corpusmill`: parse, call, print. Nothing heavy is imported before a verb needs it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import __version__, interrupt
from pipeline.errors import RunFailedError, UserError

if TYPE_CHECKING:
    from pipeline.config import Recipe

EXIT_OK, EXIT_FAILED, EXIT_USER, EXIT_INTERRUPTED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one verb and end the process with its exit code: 0 success, 1 the run failed, 2 the user's mistake."""
    options = _parser().parse_args(arguments)
    interrupt.listen()
    code = _guarded(options.verb, options)
    sys.stdout.flush()
    sys.stderr.flush()
    if code:
        os._exit(code)  # a broken pipeline may leave Beam threads that never end; workers are ended already


def _guarded(verb: Callable[[argparse.Namespace], None], options: argparse.Namespace) -> int:
    try:
        verb(options)
    except UserError as error:
        print(f"corpusmill: {error}", file=sys.stderr)
        return EXIT_USER
    except RunFailedError as error:
        print(f"corpusmill: {error}\nThe same command goes on from what is finished.", file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        print("\ncorpusmill: stopped; the same command goes on from what is finished.", file=sys.stderr)
        return EXIT_INTERRUPTED
    return EXIT_OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="corpusmill", description="Raw text in; clean documents, a tokenizer, packed shards, adapters out."
    )
    parser.add_argument("--version", action="version", version=f"corpusmill {__version__}")
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    for name, verb, text in (
        ("run", _run, "run a recipe, or go on with it"),
        ("check", _check, "validate a recipe, sample its input, estimate; run nothing"),
        ("train", _train, "train on packed shards: a recipe whose one input has format: packed"),
    ):
        one = verbs.add_parser(name, help=text, description=text)
        one.add_argument("recipe", metavar="RECIPE", help="a YAML file; the shipped ones are in configs/")
        one.add_argument(
            "--set",
            metavar="KEY=VALUE",
            action="append",
            default=[],
            help="override a dotted key, e.g. stages.pack.context_len=1024",
        )
        one.add_argument("--workers", type=_positive, metavar="N", help="local worker processes")
        one.add_argument("--run-dir", metavar="DIR", help="where the results go, instead of the recipe's run_dir")
        one.add_argument("--fresh", action="store_true", help="remove earlier results in the run directory first")
        if verb is _check:
            one.add_argument(
                "--what-if",
                metavar="STAGE.KEY=VALUE",
                action="append",
                default=[],
                help="from the scores of this recipe's run: what other thresholds would keep; may be repeated",
            )
        one.set_defaults(verb=verb)
    report = verbs.add_parser(
        "report", help="write report.json and report.html of a run again", description="write the report again"
    )
    report.add_argument("run_dir", metavar="RUN_DIR")
    report.set_defaults(verb=_report)
    demo = verbs.add_parser("demo", help="the whole line on the text that your Python installation holds")
    demo.add_argument("--run-dir", metavar="DIR", default="runs/demo")
    demo.add_argument("--workers", type=_positive, metavar="N")
    demo.set_defaults(verb=_demo)
    return parser


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {text}")
    return value


def _run(options: argparse.Namespace) -> None:
    from pipeline.recipe import RecipeError

    recipe = _recipe(options)
    if recipe.reads_packed:
        raise RecipeError(f"{options.recipe} reads packed shards; run it with `corpusmill train`")
    run_and_tell(recipe, workers=options.workers, fresh=options.fresh)


def _train(options: argparse.Namespace) -> None:
    from pipeline.recipe import RecipeError

    recipe = _recipe(options)
    if not recipe.reads_packed or len(recipe.input) > 1:
        raise RecipeError(
            f"{options.recipe}: `corpusmill train` needs one input with format: packed; use `corpusmill run`"
        )
    run_and_tell(recipe, workers=options.workers, fresh=options.fresh)


def run_and_tell(recipe: Recipe, *, workers: int | None, fresh: bool) -> None:
    """Run a recipe with progress, write its report, print its funnel."""
    _prepare_process()
    from pipeline.report.text import funnel_lines
    from pipeline.report.write import write_report
    from pipeline.run import run
    from pipeline.watch import ProgressWatcher

    with ProgressWatcher() as watcher:
        manifest = run(recipe, workers=workers, fresh=fresh, watcher=watcher, on_train_step=watcher.train_step)
    facts = write_report(Path(recipe.run_dir))
    print("\n".join([*funnel_lines(manifest), "", *facts["warnings"]]))
    print(f"\n{Path(recipe.run_dir, 'report.html')}")


def _check(options: argparse.Namespace) -> None:
    _prepare_process()
    if options.what_if:
        _what_if(options)
        return
    from pipeline.check import check

    print("\n".join(check(_recipe(options), workers=options.workers)))


def _what_if(options: argparse.Namespace) -> None:
    from pipeline.what_if import bytes_per_token, what_if, what_if_lines

    recipe = _recipe(options)
    options.set = [*options.set, *(f"stages.{one}" for one in options.what_if)]
    found = what_if(recipe, _recipe(options))
    print("\n".join(what_if_lines(found, bytes_per_token(recipe.run_dir))))


def _report(options: argparse.Namespace) -> None:
    from pipeline.report.write import write_report

    write_report(Path(options.run_dir))
    print(Path(options.run_dir, "report.html"))


def _demo(options: argparse.Namespace) -> None:
    from pipeline.demo import demo

    demo(Path(options.run_dir), run=lambda recipe: run_and_tell(recipe, workers=options.workers, fresh=False))


def _recipe(options: argparse.Namespace) -> Recipe:
    from pipeline.recipe import load_recipe

    overrides = [*options.set, *([f"run_dir={options.run_dir}"] if options.run_dir else [])]
    return load_recipe(options.recipe, overrides)


def _prepare_process() -> None:
    """Settings that libraries read from the environment when they are imported; workers inherit them."""
    from pipeline.kernels.cache import numba_cache_dir

    os.environ.setdefault("NUMBA_CACHE_DIR", str(numba_cache_dir()))
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    # Threads that spin while they wait halve the trainer's speed on a busy machine and gain nothing on a quiet one.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")


if __name__ == "__main__":
    main()
