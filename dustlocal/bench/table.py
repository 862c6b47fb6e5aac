"""Figures as a table of plain text: names to the left, numbers to the right."""

from __future__ import annotations

from collections.abc import Sequence


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Aligned columns, the first one flush left; every row as long as the header."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    rule = ["-" * width for width in widths]
    return "\n".join(_line(row, widths) for row in (header, rule, *rows))


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (
        cell.ljust(width) if place == 0 else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join((first, *others)).rstrip()


def share(value: float) -> str:
    """A share or a mean between 0 and 1, as the field writes it: .571."""
    return f"{value:.3f}".removeprefix("0")


def milliseconds(value: float) -> str:
    """Milliseconds: one decimal below a hundred."""
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"
