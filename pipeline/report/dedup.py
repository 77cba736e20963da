"""How a de-duplication went: its curve, what it found of planted copies, how crowded keepers are, who lost what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from pipeline.report.chart import s_curve_chart
from pipeline.report.markup import folded, share, table
from pipeline.report.units import bytes_text, share_text

Facts = Mapping[str, Any]
MAX_SOURCES = 20
KEY = (
    '<figcaption>Share of pairs found, by similarity<span class="key"></span> nominated in theory'
    '<span class="key valid"></span> planted copies that went (dots); the bar marks min_jaccard</figcaption>'
)


def dedup_details(job: Facts) -> str:
    """What stands below a de-duplication's figures."""
    return "".join(_parts(job))


def _parts(job: Facts) -> Iterator[str]:
    bins = job.get("planted_bins") or []
    if job.get("bands"):
        label = f"Pairs that {job['job']} nominates, by similarity"
        dots = [(low + 0.025, found / count) for low, count, found, _ in bins]
        num_bands, rows_per_band = job["bands"]
        chart = s_curve_chart(num_bands, rows_per_band, job["min_jaccard"], dots, label=label)
        yield f"<figure>{chart}{KEY}</figure>"
    if bins:
        rows = [
            [f"{low:.2f} to {low + 0.05:.2f}", f"{count:,}", f"{found:,}", share(found / count), share_text(theory)]
            for low, count, found, theory in bins
        ]
        head = ["Similarity with the original", "Copies planted", "Went", "Share", "Nominated in theory"]
        yield folded("Planted copies", table(head, rows))
    crowds = job.get("duplicates_per_keeper") or {}
    if crowds:
        rows = [[escape(name), f"{count:,}"] for name, count in crowds.items()]
        yield folded("Duplicates per keeper", table(["Duplicates", "Keepers"], rows))
    sources = list((job.get("sources") or {}).items())[:MAX_SOURCES]
    if sources:
        rows = [[f"<code>{escape(name)}</code>", *_losses(one)] for name, one in sources]
        yield folded("Sources that lost most", table(["Source", "Documents", "Went", "Share", "Bytes that went"], rows))


def _losses(one: Facts) -> list[str]:
    gone, came = one["removed_documents"], one["documents"]
    return [f"{came:,}", f"{gone:,}", share(gone / came if came else None), bytes_text(one["removed_bytes"])]
