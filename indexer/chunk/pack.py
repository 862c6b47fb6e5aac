"""Where to cut: runs of lines of about 220 tokens that respect a document's structure.

One pass, greedy: from where a chunk begins, look ahead as far as it may reach and cut before
the line on which the outermost thing begins. So tiny siblings share a chunk, a definition that fits
is never cut, and one that does not is cut between its outermost statements.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from indexer.chunk.structure import BLANK, Structure
from indexer.chunk.weigh import TARGET_TOKENS

# A definition is kept whole up to here.
_WHOLE: Final = 275.0
# From here on a chunk ends where the next sibling begins. Joined to others, a function is harder
# to find by what it does: docstring -> function lost .03 MRR over two repositories.
_ENOUGH: Final = 60.0
# A cut inside a definition, or before a statement, leaves at least this much behind it.
_LEAST: Final = 75.0
_MAX_CHARACTERS: Final = 2_400
_MAX_WRITTEN: Final = 60


@dataclass(frozen=True, slots=True)
class Measures:
    """Running totals before each line and after the last: tokens, and characters."""

    tokens: list[float]
    offsets: list[int]


def pack(structure: Structure, measures: Measures) -> Iterator[tuple[int, int]]:
    """The chunks as half-open ranges of lines (from 0), in order, without gaps."""
    packer = _Packer(structure, measures)
    start, count = 0, len(structure.levels)
    while start < count:
        end = packer.end(start)
        yield start, end
        start = end


class _Packer:
    def __init__(self, structure: Structure, measures: Measures) -> None:
        self._levels = structure.levels
        self._walls = structure.walls
        self._tokens = measures.tokens
        self._offsets = measures.offsets
        written = (level != BLANK for level in structure.levels)
        self._written = list(accumulate(written, initial=0))

    def end(self, start: int) -> int:
        """The line before which the chunk that begins at line `start` ends."""
        reach = self._reach(start)
        first = self._first_written(start, reach)
        if reach <= first:
            return max(reach, start + 1)
        own = self._levels[first]
        forced = self._forced_end(first, reach, own)
        if forced:
            return forced
        full = bisect_right(self._tokens, self._tokens[start] + TARGET_TOKENS, start, reach + 1)
        best = self._best_cut(start, first, full, own)
        if best and self._levels[best] <= own:
            return best
        return (
            self._next_sibling(max(full, first + 1), reach, own) or best or max(full - 1, first + 1)
        )

    def _reach(self, start: int) -> int:
        """The last line before which a chunk from `start` may end at all."""
        return (
            min(
                bisect_right(self._tokens, self._tokens[start] + _WHOLE, start),
                bisect_right(self._offsets, self._offsets[start] + _MAX_CHARACTERS, start),
                bisect_right(self._written, self._written[start] + _MAX_WRITTEN, start),
            )
            - 1
        )

    def _first_written(self, start: int, reach: int) -> int:
        rows = range(start, reach)
        return next((row for row in rows if self._levels[row] != BLANK), max(start, reach))

    def _forced_end(self, first: int, reach: int, own: int) -> int:
        """Where the text, or what is around line `first`, ends within reach; 0 if beyond it."""
        levels, walls = self._levels, self._walls
        for row in range(first + 1, min(reach, len(levels) - 1) + 1):
            if levels[row] < own and row in walls:
                return row
        return reach if reach == len(levels) else 0

    def _best_cut(self, start: int, first: int, full: int, own: int) -> int:
        """The next sibling behind enough of a chunk, else the last of the outermost beginnings on
        lines up to `full`, 0 if there is none.

        A sibling may always be cut off, anything else only behind a little more.
        """
        levels, walls = self._levels, self._walls
        enough = bisect_left(self._tokens, self._tokens[start] + _ENOUGH, start)
        for row in range(max(first + 1, enough), full):
            if levels[row] == own and row in walls:
                return row
        enough = bisect_left(self._tokens, self._tokens[start] + _LEAST, start)
        best, lowest = 0, BLANK + 1
        for row in range(first + 1, full):
            level = levels[row]
            if level <= lowest and (row >= enough or (level == own and row in walls)):
                best, lowest = row, level
        return best

    def _next_sibling(self, first: int, reach: int, own: int) -> int:
        rows = range(first, reach + 1)
        return next((r for r in rows if self._levels[r] == own and r in self._walls), 0)
