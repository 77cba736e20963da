"""Numbers as people read them, in plain text."""

from __future__ import annotations


def bytes_text(value: float) -> str:
    """Size in decimal units: `999 B`, `1.5 kB`, `12.0 MB`."""
    if value < 1000:
        return f"{value:.0f} B"
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 1000:
            return f"{value:.1f} {unit}"
    return f"{value / 1000:,.1f} TB"


def seconds_text(value: float | None) -> str:
    """`0.3 s`, `2 min 5 s`, `3 h 20 min`; empty where not measured."""
    if value is None:
        return ""
    if value < 60:
        return f"{value:.1f} s"
    minutes, seconds = divmod(round(value), 60)
    return f"{minutes} min {seconds} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def share_text(fraction: float | None) -> str:
    """`65.8%`; `<0.1%` and `>99.9%` where rounding would say none or all; empty where there is nothing to share."""
    if fraction is None:
        return ""
    if 0 < fraction < 0.0005:
        return "<0.1%"
    return ">99.9%" if 0.9995 <= fraction < 1 else f"{fraction:.1%}"


def figure_text(value: float | str | None) -> str:
    """A figure of unknown kind: integers in groups of three, other numbers with four digits, None as a dash."""
    if value is None:
        return "-"
    if isinstance(value, str | bool):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"
