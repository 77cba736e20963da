"""What a model trained in the run learnt from, what it holds, and how well it does on documents held back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from pipeline.report.markup import folded, share, table
from pipeline.report.units import figure_text

Facts = Mapping[str, Any]
BUCKETS = ("head", "middle")  # the cut-offs of perplexity part these from what is above
MEASURES = ("accuracy", "precision", "recall", "auc")
LEAST_AUC = 0.6  # chance is 0.5; below this a reader should know


def model_details(job: Facts) -> str:
    """What stands below the figures of a job that trains a model for a row stage."""
    return "".join(_parts(job))


def model_warnings(job: Facts) -> Iterator[str]:
    """What to look into before such a model is trusted."""
    if job.get("texts_in_both"):
        yield f"{job['name']}: {job['texts_in_both']:,} texts are both positive and negative examples"
    auc = (job.get("held_out") or {}).get("auc")
    if auc is not None and auc < LEAST_AUC:
        yield f"{job['name']}: on documents held back its AUC is {auc:.2f}, where 0.5 is chance"
    if job.get("fallback_orders"):
        orders = ", ".join(map(str, job["fallback_orders"]))
        yield f"{job['name']}: n-grams of order {orders} took fallback discounts; the reference text is small"


def _parts(job: Facts) -> Iterator[str]:
    roles = job.get("documents") or {}
    yield table(["Learnt from", "Documents"], [[escape(role), f"{count:,}"] for role, count in roles.items()])
    if job.get("ngrams"):
        yield table(["Order", "N-grams", "Pruned", "Discounts of counts 1, 2, 3 and more"], list(_orders(job)))
    cutoffs = zip(BUCKETS, job.get("cutoffs") or (), strict=False)
    yield table(["Bucket", "Perplexity below"], [[name, figure_text(value)] for name, value in cutoffs])
    yield _held_out(job.get("held_out") or {})
    losses = enumerate(job.get("loss_by_epoch") or (), 1)
    rows = [[f"{epoch:,}", f"{loss:.4f}"] for epoch, loss in losses]
    yield folded("Loss by epoch", table(["Epoch", "Mean loss"], rows)) if rows else ""


def _orders(job: Facts) -> Iterator[list[str]]:
    counts = zip(job["ngrams"], job["pruned"], job["discounts"], strict=True)
    for order, (kept, pruned, discounts) in enumerate(counts, 1):
        yield [f"{order}", f"{kept:,}", f"{pruned:,}", ", ".join(f"{one:.3f}" for one in discounts)]


def _held_out(facts: Facts) -> str:
    """Figures on documents that the classifier was not trained on; what a threshold would keep opens at a click."""
    if not facts.get("documents"):
        return ""
    rows = [["documents", f"{facts['documents']:,}"], ["positive", f"{facts['positive']:,}"]]
    rows += [["AUC" if name == "auc" else name, figure_text(facts[name])] for name in MEASURES]
    kept = [
        [figure_text(one["min_score"]), *(share(one[name]) for name in ("kept", "positive_kept", "negative_kept"))]
        for one in facts["thresholds"]
    ]
    head = ["Score of at least", "Kept", "Of the positive", "Of the negative"]
    return table(["On documents held back", ""], rows) + folded("What a threshold keeps", table(head, kept))
