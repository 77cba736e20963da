"""What lies in the buckets of configs/ccnet.yaml, by evidence of quality that its perplexity did not see.

    python -m tests.benchmarks.perplexity_buckets

The recipe runs on the real crawl files (WET, WARC and ARC), and once more on 281 web pages that people judged (DCLM:
mlfoundations/dclm, data/agreement_data.jsonl; 1 appears to mean a good page), with every bucket kept. Its model learns
from encyclopaedia articles, books, news and pages of C4; the cut-offs are the percentiles of what is sorted. Medians by
language and bucket; the probability that a kept (good) page has the lower perplexity than one that is not, and the
higher gain; then openings of the three documents around the median perplexity of each bucket.

stop words   share of words that are one of Gopher's eight (Rae et al. 2021)
full stops   share of lines that end in terminal punctuation (FineWeb)
letters      share of words with a letter (Gopher)
lines        line ends per word (FineWeb)
kept         share of pages that the filters of configs/web_english.yaml keep
good         share of the judged pages with label 1
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.dataset as ds

from pipeline.config import StageEntry
from pipeline.recipe import load_recipe
from pipeline.run import run
from pipeline.schema import RowStage
from pipeline.stages.held_out import roc_area
from pipeline.stages.make import make_stage
from pipeline.stages.perplexity import BUCKETS
from tests.benchmarks.human_judgement import ROOT, judged
from tests.documents import documents
from tests.shared_data import shared

FILTERS = ("gopher_repetition", "gopher_quality", "c4", "fineweb")  # of web_english
TRUSTED = ("classic_books.jsonl.zst", "reuters21578.jsonl.zst", "c4_demo.jsonl")

Column = npt.NDArray[np.float64]


def crawl_inputs() -> str:
    """The crawl files as the input of a recipe."""
    web = shared("web")
    return f"[{{format: wet, paths: ['{web}/wet/**/*']}}, {{format: warc, paths: ['{web}/warc/**/*']}}]"


def sorted_pages(inputs: str, run_dir: Path) -> pa.Table:
    """Every page that the recipe gives a bucket: id, text, lang, and the signals of its perplexity."""
    articles = f"{{format: text, unit: line, paths: ['{shared('corpus/wiki_demo.txt')}']}}"
    others = ", ".join(f"'{shared(f'corpus/{name}')}'" for name in TRUSTED)
    settings = [
        f"run_dir={run_dir}",
        f"input={inputs}",
        "stages.perplexity.keep=null",
        f"stages.perplexity.reference.input=[{articles}, {{format: jsonl, paths: [{others}]}}]",
    ]
    run(load_recipe(ROOT / "configs" / "ccnet.yaml", settings), workers=1)
    pages = ds.dataset(run_dir / "documents").to_table(columns=["doc_id", "id", "text", "lang"])
    signals = [f"perplexity.{name}" for name in ("perplexity", "context_gain", "bucket")]
    scores = ds.dataset(run_dir / "scores").to_table(columns=["doc_id", *signals]).drop_null()
    return pages.join(scores, "doc_id").sort_by("doc_id")


def stages_of(name: str) -> Iterator[RowStage]:
    """The filters of a recipe."""
    for entry in load_recipe(ROOT / "configs" / f"{name}.yaml").stages:
        if entry.name in FILTERS:
            yield make_stage(entry)


def evidence(pages: pa.Table) -> dict[str, Column]:
    """What other filters say of each page."""
    batch = documents(pages.column("text").to_pylist(), lang=pages.column("lang").to_pylist())
    gopher = make_stage(StageEntry.model_validate({"gopher_quality": {"profile": "dolma"}}))(batch).signals
    fineweb = make_stage(StageEntry.model_validate({"fineweb": {}}))(batch).signals
    left = batch
    for stage in stages_of("web_english"):
        left = stage(left).kept
    kept = set(left.column("doc_id").to_pylist())
    return {
        "words": gopher["gopher_quality.num_words"],
        "stop words": gopher["gopher_quality.num_stop_words"] / gopher["gopher_quality.num_words"],
        "full stops": fineweb["fineweb.terminal_line_fraction"],
        "letters": gopher["gopher_quality.alphabetic_word_fraction"],
        "lines": fineweb["fineweb.newlines_per_word"],
        "kept": np.array([one in kept for one in batch.column("doc_id").to_pylist()], np.float64),
    }


def columns_of(pages: pa.Table, labels: Mapping[str, int]) -> dict[str, Column]:
    """Every figure of every page; `labels` by the page's id, where people judged."""
    found = {
        "perplexity": pages.column("perplexity.perplexity").to_numpy(),
        "gain": pages.column("perplexity.context_gain").to_numpy(),
        **evidence(pages),
    }
    judged_pages = {"good": np.array([labels[one] for one in pages.column("id").to_pylist()], float)} if labels else {}
    return found | judged_pages


def print_buckets(pages: pa.Table, labels: Mapping[str, int]) -> None:
    """A line for each language and bucket, then openings."""
    columns, lang = columns_of(pages, labels), np.array(pages.column("lang").to_pylist())
    bucket = pages.column("perplexity.bucket").to_numpy().astype(int)
    print(f"{'':12}{'documents':>12}" + "".join(f"{name:>12}" for name in columns))
    for label in sorted(set(lang)):
        for b in np.unique(bucket[lang == label]):
            chosen = (lang == label) & (bucket == b)
            figures = [
                np.mean(one[chosen]) if name in ("kept", "good") else np.nanmedian(one[chosen])
                for name, one in columns.items()
            ]
            print(f"{label + ' ' + BUCKETS[b]:12}{chosen.sum():>12}" + "".join(f"{one:>12,.3f}" for one in figures))
    for name in ("kept", "good"):
        if name in columns:
            low, high = (roc_area(one, columns[name] == 1) for one in (-columns["perplexity"], columns["gain"]))
            print(f"area under the ROC curve, {name}: low perplexity {low:.3f}, high gain {high:.3f}")
    for label in sorted(set(lang)):
        for b in np.unique(bucket[lang == label]):
            rows = np.flatnonzero((lang == label) & (bucket == b))
            rows = rows[np.argsort(columns["perplexity"][rows])]
            for row in rows[max(0, rows.size // 2 - 1) :][:3]:
                opening = " ".join(pages.column("text")[int(row)].as_py().split())[:80]
                print(f"{label + ' ' + BUCKETS[b]:12}{columns['perplexity'][row]:>12,.0f}  {opening}")


def main() -> None:
    """Print the tables of both collections."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print("crawl files")
        print_buckets(sorted_pages(crawl_inputs(), folder / "crawl"), {})
        path, labels = judged(folder)
        print("\njudged pages")
        by_id = {str(i): label for i, label in enumerate(labels)}
        print_buckets(sorted_pages(json.dumps([{"format": "jsonl", "paths": [str(path)]}]), folder / "judged"), by_id)


if __name__ == "__main__":
    main()
