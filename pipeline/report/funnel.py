"""The funnel of a run: what every hop let through, and why the rest went.

records --read--> documents --row stage--> documents --dedup--> documents --pack--> packed documents
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from pipeline.errors import UserError

Manifest = Mapping[str, Any]  # JSON of a run or of one job
DEDUP_KINDS = {
    "exact_dedup": "exact_duplicate",
    "near_dedup": "near_duplicate",
    "substring_dedup": "substring_duplicate",
    "line_dedup": "line_duplicate",
}


class ReportError(UserError):
    """There is no run to report on, or its manifest does not add up."""


@dataclass(frozen=True)
class Hop:
    """One hop of the funnel; rows_in = rows_out + the sum of `reasons`.

    reasons: count per reason, in the order the rules are tried; known rules that never fired stand with 0.
    evaluated, fired: per rule, of how many rows it had a value, and on how many it holds, whatever took them first.
    seconds: time in the stage, summed over workers; wall time for a hop that is a job; None where not measured.
    """

    stage: str
    job: str
    rows_in: int
    rows_out: int
    reasons: Mapping[str, int]
    seconds: float | None = None
    evaluated: Mapping[str, int] = field(default_factory=dict)
    fired: Mapping[str, int] = field(default_factory=dict)

    @property
    def kept_fraction(self) -> float | None:
        """Share of rows that stay; None where none came."""
        return self.rows_out / self.rows_in if self.rows_in else None

    @property
    def never_evaluated(self) -> tuple[str, ...]:
        """Rules that had a value for none of the documents that came: what they look at is not there."""
        return tuple(rule for rule, count in self.evaluated.items() if self.rows_in and not count)

    @property
    def never_fired(self) -> tuple[str, ...]:
        """Rules that judged documents and hold for none of them."""
        silent = (rule for rule, count in self.reasons.items() if self.rows_in and not self.fired.get(rule, count))
        return tuple(rule for rule in silent if self.evaluated.get(rule, self.rows_in))

    @property
    def always_fired(self) -> tuple[str, ...]:
        """Rules that hold for every document that they judged."""
        judged = ((rule, self.evaluated.get(rule, self.rows_in)) for rule in self.reasons)
        return tuple(rule for rule, n in judged if n and self.fired.get(rule, self.reasons[rule]) == n)


def job_kind(job: Manifest) -> str:
    """`rows`, or the stage that a job of its own was made for: the job's name without its number."""
    return str(job["name"]).partition("-")[2]


def jobs_of_kind(manifest: Manifest, *kinds: str) -> list[Manifest]:
    """The jobs of these kinds, in the order they ran."""
    return [job for job in manifest["jobs"] if job_kind(job) in kinds]


def funnel(manifest: Manifest) -> list[Hop]:
    """All hops of a run in order, from its manifest. Raises ReportError where a hop loses or invents rows."""
    hops: list[Hop] = []
    for job in jobs_of_kind(manifest, "rows", *DEDUP_KINDS):
        hops += _row_hops(job, is_first=not hops) if job_kind(job) == "rows" else [_dedup_hop(job)]
    _check(hops)
    kept = hops[-1].rows_out if hops else 0
    for job in jobs_of_kind(manifest, "pack"):
        hop = _pack_hop(job)
        _check([hop])
        if hops and hop.rows_in != kept:
            raise ReportError(f"{job['name']}: {kept} documents were kept, {hop.rows_in} came; {_PLEASE}")
        hops.append(hop)
    return hops


def text_hops(hops: Iterable[Hop]) -> list[Hop]:
    """The hops that decide which documents stay: all but packing, of which a run may have several."""
    return [hop for hop in hops if not hop.job.endswith("-pack")]


def _row_hops(job: Manifest, *, is_first: bool) -> Iterator[Hop]:
    if is_first:
        reasons = {f"{kind}/{name}": n for kind in ("skipped", "quarantined") for name, n in job.get(kind, {}).items()}
        yield Hop("read", job["name"], job["records"], job["documents"], reasons)
    for stage in job["stages"]:
        reasons = dict.fromkeys(stage.get("rules", ()), 0) | stage["dropped"]
        counts = (stage.get("evaluated", {}), stage.get("fired", {}))
        yield Hop(stage["name"], job["name"], stage["in"], stage["out"], reasons, stage.get("seconds"), *counts)


def _dedup_hop(job: Manifest) -> Hop:
    kind = job_kind(job)
    return Hop(kind, job["name"], job["in"], job["out"], {DEDUP_KINDS[kind]: job["duplicates"]}, job.get("seconds"))


def _pack_hop(job: Manifest) -> Hop:
    packed = sum(split["documents"] for split in job["splits"].values())
    return Hop("pack", job["name"], job["documents"], packed, job["dropped"], job.get("seconds"))


_PLEASE = "the manifest was changed, or this is a defect: please report it"


def _check(hops: list[Hop]) -> None:
    """In = out + every reason at each hop, and what leaves one hop is what comes to the next."""
    for hop in hops:
        gone = sum(hop.reasons.values())
        if hop.rows_in != hop.rows_out + gone:
            raise ReportError(f"{hop.job} {hop.stage}: {hop.rows_in} in, {hop.rows_out} out, {gone} dropped; {_PLEASE}")
    for before, after in pairwise(hops):
        if before.rows_out != after.rows_in:
            raise ReportError(
                f"{before.stage} let {before.rows_out} documents out, {after.stage} got {after.rows_in}; {_PLEASE}"
            )
