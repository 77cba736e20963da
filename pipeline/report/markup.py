"""The few pieces of HTML that a report is made of. Cells and titles come in as HTML; callers escape users' words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from pipeline.report.chart import share_bar
from pipeline.report.units import share_text


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose first column names the row and whose others are numbers; empty without rows."""
    body = "".join(f'<tr><th scope="row">{row[0]}</th>{numbers(row[1:])}</tr>' for row in rows)
    return framed(head, f"<tbody>{body}</tbody>", name="wide" if len(head) > 3 else "narrow") if rows else ""


def framed(head: Sequence[str], bodies: str, *, name: str) -> str:
    """A table around ready bodies, in a frame that scrolls sideways where the screen is narrow."""
    columns = "".join(f'<th scope="col"{" class=n" if i else ""}>{title}</th>' for i, title in enumerate(head))
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(", ".join(head))}">'
        f'<table class="{name}"><thead><tr>{columns}</tr></thead>{bodies}</table></div>'
    )


def numbers(cells: Iterable[str]) -> str:
    """Cells of numbers."""
    return "".join(f'<td class="n">{cell}</td>' for cell in cells)


def share(fraction: float | None) -> str:
    """A bar and its number; empty where there is nothing to share."""
    return "" if fraction is None else f"{share_bar(fraction)}<span>{escape(share_text(fraction))}</span>"


def pairs_list(name: str, pairs: Sequence[tuple[str, str]]) -> str:
    """Plain names and plain values, flowing in columns; empty without pairs."""
    items = "".join(f"<div><dt>{escape(term)}</dt><dd>{escape(value)}</dd></div>" for term, value in pairs)
    return f'<dl class="{name}">{items}</dl>' if pairs else ""


def bullets(lines: Iterable[str]) -> str:
    """A list of plain lines; empty without lines."""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>" if items else ""


def folded(title: str, body: str) -> str:
    """A body that opens at a click, without script."""
    return f"<details><summary>{title}</summary>{body}</details>"
