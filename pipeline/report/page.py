"""report.json as one page that stands alone: no script, nothing fetched, light and dark, phone and desktop.

Whatever comes from the run passes through `escape` before it stands between tags.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import PurePath
from typing import Any

from pipeline.report.chart import loss_chart
from pipeline.report.dedup import dedup_details
from pipeline.report.markup import bullets, folded, framed, numbers, pairs_list, share, table
from pipeline.report.models import model_details
from pipeline.report.style import STYLE
from pipeline.report.tokenizer import short_fingerprint, tokenizer_details
from pipeline.report.units import bytes_text, figure_text, seconds_text, share_text

Facts = Mapping[str, Any]
MAX_COUNTED = 12  # rows before the fold
SPLIT_COUNTS = ("documents", "rows", "tokens", "trained_tokens")
KEY = (
    '<figcaption><span class="key train"></span> training <span class="key valid"></span> validation; '
    "nats per trained token, over optimiser steps</figcaption>"
)


def page(facts: Facts) -> str:
    """The whole of report.html."""
    name = escape(PurePath((facts["run"].get("recipe") or {}).get("run_dir", "run")).name)
    sections = "".join(_section(title, body) for title, body in _sections(facts) if body)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{name}: corpusmill report</title>
<style>
{STYLE}</style>
</head>
<body>
<header><h1>{name}</h1><p>{_subtitle(facts)}</p>{_tiles(facts)}</header>
<main>
{sections}</main>
</body>
</html>
"""


def _sections(facts: Facts) -> Iterator[tuple[str, str]]:
    run = facts["run"]
    yield "Look into", bullets(facts["warnings"])
    yield "Funnel", _funnel(facts["funnel"])
    yield "Models", "".join(_job(job) + model_details(job) for job in facts["models"])
    yield "Duplicates", "".join(_job(job) + dedup_details(job) for job in facts["duplicates"])
    yield "Languages kept", _counted("Language", "Documents", facts["languages"])
    yield "Personal data replaced", _counted("Type", "Places", facts["pii"])
    yield "Tokenizer", "".join(_job(short_fingerprint(job)) + tokenizer_details(job) for job in facts["tokenizer"])
    yield "Packing", "".join(_packing(job) for job in facts["packing"])
    yield "Training", "".join(_training(job) for job in facts["training"])
    yield "Dropped documents", "".join(_samples(one) for one in facts["samples"])
    yield "Files", _sizes(facts["sizes"])
    yield "Time", table(["Job", "Wall time"], [[escape(j["job"]), seconds_text(j["seconds"])] for j in facts["jobs"]])
    yield "Recipe", folded("Settings, defaults spelt out", _json(run.get("recipe")))
    yield "Versions", folded("Libraries", _json(run.get("versions")))


def _section(title: str, body: str) -> str:
    anchor = title.lower().replace(" ", "-")
    return f'<section aria-labelledby="{anchor}"><h2 id="{anchor}">{title}</h2>{body}</section>\n'


def _subtitle(facts: Facts) -> str:
    """When and for how long: of all its jobs, also those that an earlier call had finished."""
    run, seconds = facts["run"], sum(job["seconds"] or 0 for job in facts["jobs"])
    ended = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime((run.get("began") or 0) + (run.get("seconds") or 0)))
    parts = [f"corpusmill {run.get('corpusmill', '')}", f"finished {ended}", f"jobs took {seconds_text(seconds)}"]
    return " &middot; ".join(escape(part) for part in parts)


def _tiles(facts: Facts) -> str:
    """The few numbers to take home."""
    tiles, totals = [], facts["totals"]
    if totals:
        kept = share_text(totals["kept"] / totals["records"] if totals["records"] else None)
        tiles.append((f"{totals['kept']:,}", f"documents kept of {totals['records']:,} records ({kept or 'none'})"))
        tiles.append(
            (bytes_text(totals["kept_text_bytes"]), f"of text kept; {bytes_text(totals['bytes_read'])} of files read")
        )
    if totals.get("documents_per_second"):
        megabytes = f"{totals['megabytes_per_second']:,.1f} MB/s"
        tiles.append((f"{totals['documents_per_second']:,.0f}/s", f"documents read and judged; {megabytes}"))
    for job in facts["training"]:
        if job.get("end_validation_loss") is not None:
            words = (
                f"validation loss of the {job.get('output', 'model')}; {job['start_validation_loss']:.3f} at its start"
            )
            tiles.append((f"{job['end_validation_loss']:.3f}", words))
    return pairs_list("tiles", [(words, value) for value, words in tiles])


def _funnel(hops: Sequence[Facts]) -> str:
    """One group of rows per hop: the hop itself, then each reason with its count and its share of the rows in."""
    note = "<p>Time of a row stage is summed over workers; that of the others is wall time.</p>"
    head = ["Stage and reasons", "In", "Out", "Kept", "Time"]
    return framed(head, "".join(_hop(hop) for hop in hops), name="funnel") + note if hops else ""


def _hop(hop: Facts) -> str:
    kept = hop["out"] / hop["in"] if hop["in"] else None
    cells = [f"{hop['in']:,}", f"{hop['out']:,}", share(kept), seconds_text(hop["seconds"])]
    first = f'<tr class="hop"><th scope="rowgroup">{escape(hop["stage"])}</th>{numbers(cells)}</tr>'
    fired = "".join(_reason(name, n, hop) for name, n in hop["reasons"].items() if n)
    words = {"Never fired": hop["never_fired"], "Had nothing to judge": hop["never_evaluated"]}
    silent = "; ".join(f"{said}: {', '.join(rules)}" for said, rules in words.items() if rules)
    last = f'<tr class="reason"><td colspan="5">{escape(silent)}</td></tr>' if silent else ""
    return f"<tbody>{first}{fired}{last}</tbody>"


def _reason(name: str, count: int, hop: Facts) -> str:
    cells = [f"&minus;{count:,}", f"&minus;{escape(share_text(count / hop['in']))}", ""]
    holds = hop["fired"].get(name, count)
    also = f" <small>holds for {holds:,}</small>" if holds != count else ""
    return f'<tr class="reason"><th scope="row" colspan="2">{escape(name)}{also}</th>{numbers(cells)}</tr>'


def _job(job: Facts) -> str:
    """A job's plain figures under its name; what holds lists or tables is left to report.json."""
    plain = {name: value for name, value in job.items() if value is None or isinstance(value, str | int | float)}
    pairs = [(n.replace("_", " "), figure_text(v)) for n, v in plain.items() if n != "job"]
    return f"<h3>{escape(job['job'])}</h3>{pairs_list('figures', pairs)}"


def _packing(job: Facts) -> str:
    splits: Mapping[str, Facts] = job.get("splits") or {}
    rows = [
        [escape(name), *(figure_text(split.get(count)) for count in SPLIT_COUNTS), share(split.get("fill_fraction"))]
        for name, split in splits.items()
    ]
    return _job(job) + table(["Split", "Documents", "Rows", "Tokens", "Trained tokens", "Fill"], rows)


def _training(job: Facts) -> str:
    """The losses in a picture, then in numbers."""
    training = [(point[0], point[1]) for point in job.get("curve") or []]
    validation = [(point[0], point[1]) for point in job.get("validation_curve") or []]
    chart = loss_chart(training, validation, label=f"Loss of {job['job']} over {job.get('steps', 0)} steps")
    rows = [[f"{step:,}", f"{loss:.4f}"] for step, loss in validation]
    losses = folded("Validation losses", table(["Step", "Validation loss"], rows)) if rows else ""
    return _job(job) + (f"<figure>{chart}{KEY}</figure>" if chart else "") + losses


def _samples(one: Facts) -> str:
    title = f"{escape(one['stage'])}/{escape(one['rule'])} <small>{one['count']:,} dropped</small>"
    items = "".join(f"<li><p>{_measured(sample)}</p>{_excerpt(sample)}</li>" for sample in one["samples"])
    return folded(title, f'<ul class="samples">{items}</ul>')


def _measured(sample: Facts) -> str:
    value, threshold = escape(figure_text(sample["value"])), escape(figure_text(sample["threshold"]))
    return f"value {value}, threshold {threshold}, document <code>{escape(sample['doc_id'])}</code>"


def _excerpt(sample: Facts) -> str:
    if sample["text"] is None:
        return "<p>The run kept no dropped text.</p>"
    return f"<blockquote>{escape(sample['text'])}{'' if sample['is_whole'] else ' &hellip;'}</blockquote>"


def _sizes(sizes: Mapping[str, Facts]) -> str:
    rows = [[escape(f"{name}/"), f"{size['files']:,}", bytes_text(size["bytes"])] for name, size in sizes.items()]
    return table(["Folder", "Files", "Size"], rows)


def _counted(name: str, counted: str, counts: Mapping[str, int]) -> str:
    rows, head = [[escape(key), f"{n:,}"] for key, n in counts.items()], [name, counted]
    rest = rows[MAX_COUNTED:]
    return table(head, rows[:MAX_COUNTED]) + (folded(f"{len(rest)} more", table(head, rest)) if rest else "")


def _json(value: Any) -> str:
    return f"<pre>{escape(json.dumps(value, indent=1, ensure_ascii=False))}</pre>"
