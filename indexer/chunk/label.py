"""Which symbol a chunk belongs to, and which names it defines."""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

from indexer.chunk.structure import Definition

_CALLABLES: Final = frozenset(["function", "method", "macro"])

# An `impl`, an extension or a namespace gives its members their path and defines no name itself.
_SCOPES: Final = frozenset(["impl", "namespace", "section"])

# What a chunk is named after only if it holds nothing better.
_LESSER: Final = frozenset(["constant", "namespace"])


class Labels:
    """The definitions of one document, asked chunk by chunk. Lines are 1-based, inclusive."""

    def __init__(self, definitions: list[Definition]) -> None:
        self._definitions = definitions
        self._starts = [d.start_line for d in definitions]
        self._parents = _parents(definitions)
        self._by_name = sorted(definitions, key=lambda d: d.name_line)
        self._name_lines = [d.name_line for d in self._by_name]

    def symbol(self, first: int, last: int) -> str:
        """The path of what lines `first` to `last` (the chunk's first that is not blank) show.

        Inside a function, that function. Else the first thing defined there (a constant or
        a namespace only for want of another), so that a run of siblings is found by the one it
        opens with; the others are in `defines`. Else what is around it, if anything.
        """
        around = self._around(first)
        inside = self.named_within(first, last)
        opens = next((d for d in inside if d.start_line == first), None)
        if around and around.kind in _CALLABLES and opens is None:
            return around.symbol
        chosen = next((d for d in inside if d.kind not in _LESSER), None)
        chosen = chosen or next(iter(inside), around)
        return chosen.symbol if chosen else ""

    def section(self, line: int) -> str:
        """The path of the innermost definition that holds `line`."""
        inner = self._around(line + 1, line)
        return inner.symbol if inner else ""

    def named_within(self, first: int, last: int) -> list[Definition]:
        """The definitions whose name is on lines `first` to `last`, in order."""
        low = bisect_left(self._name_lines, first)
        return self._by_name[low : bisect_left(self._name_lines, last + 1)]

    def defines(self, first: int, last: int) -> tuple[str, ...]:
        """The bare names that lines `first` to `last` define, each once."""
        inside = self.named_within(first, last)
        return tuple(dict.fromkeys(d.name for d in inside if d.kind not in _SCOPES))

    def _around(self, before: int, line: int | None = None) -> Definition | None:
        """The innermost definition that starts before line `before` and holds `line`."""
        index = bisect_left(self._starts, before) - 1
        while index >= 0 and self._definitions[index].end_line < (line or before):
            index = self._parents[index]
        return self._definitions[index] if index >= 0 else None


def _parents(definitions: list[Definition]) -> list[int]:
    """For each definition the index of the one around it, -1 for none."""
    parents: list[int] = []
    around: list[int] = []
    for index, definition in enumerate(definitions):
        while around and definitions[around[-1]].end_line < definition.end_line:
            around.pop()
        parents.append(around[-1] if around else -1)
        around.append(index)
    return parents
