"""The funnel, the tokenizer and the losses in plain text, for the end of a run on a terminal or in a log."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.report.funnel import Hop, Manifest, funnel, jobs_of_kind, text_hops
from pipeline.report.tokenizer import tokenizer_line
from pipeline.report.units import seconds_text, share_text

TOP_REASONS = 3
HEADINGS = ("stage", "in", "out", "kept", "why the others went")


def funnel_lines(manifest: Manifest) -> list[str]:
    """Lines of a table with one row per hop (rows in, rows out, share kept, top reasons), then the results."""
    hops = funnel(manifest)
    rows = [_cells(hop) for hop in hops]
    kept = text_hops(hops)
    if len(kept) > 1:
        whole = Hop("whole", "", kept[0].rows_in, kept[-1].rows_out, {})
        rows.insert(len(kept), _cells(whole))
    lines = _aligned([HEADINGS, *rows]) if rows else []
    results = [f"{job['name']}: {tokenizer_line(job)}" for job in jobs_of_kind(manifest, "train_tokenizer")]
    results += [f"{job['name']}: {_losses(job)}" for job in jobs_of_kind(manifest, "train")]
    return [*lines, *([""] if lines and results else []), *results]


def _cells(hop: Hop) -> tuple[str, str, str, str, str]:
    kept = share_text(hop.kept_fraction)
    return hop.stage, f"{hop.rows_in:,}", f"{hop.rows_out:,}", kept, ", ".join(_top_reasons(hop))


def _top_reasons(hop: Hop) -> Iterator[str]:
    fired = sorted(((n, reason) for reason, n in hop.reasons.items() if n), key=lambda pair: -pair[0])
    yield from (f"{reason} {n:,}" for n, reason in fired[:TOP_REASONS])
    if len(fired) > TOP_REASONS:
        yield f"{len(fired) - TOP_REASONS} more {sum(n for n, _ in fired[TOP_REASONS:]):,}"


def _aligned(rows: list[tuple[str, str, str, str, str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        f"{row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:>{widths[2]}}  {row[3]:>{widths[3]}}  {row[4]}".rstrip()
        for row in rows
    ]


def _losses(job: Manifest) -> str:
    """`model (full), 200 steps in 61.0 s: validation loss 9.010 -> 4.320`; training loss without a validation split."""
    what = f"{job.get('output', 'model')} ({job.get('method', '?')})"
    said = f"{what}, {job.get('steps', 0):,} steps in {seconds_text(job['seconds'])}"
    curve, validation = job.get("curve") or [], job.get("validation_curve") or []
    name, points = ("validation", validation) if validation else ("training", curve)
    return f"{said}: {name} loss {points[0][1]:.3f} -> {points[-1][1]:.3f}" if points else said
