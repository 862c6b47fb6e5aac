"""Text without a structure we read: paragraphs, then lines."""

from __future__ import annotations

from indexer.chunk.structure import Structure, plain_levels


def lines_structure(lines: list[str]) -> Structure:
    """Cuts before paragraphs where there are any, and no names."""
    return Structure(plain_levels(lines), frozenset(), [])
