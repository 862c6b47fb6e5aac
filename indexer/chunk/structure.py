"""What a document's structure says about where it may be cut, and what its parts are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# Levels of lines on which nothing begins, best place to cut first. The levels of syntax and of
# headings are below all of these: 0 is the outermost.
PARAGRAPH: Final = 10_000
LINE: Final = 10_001
CLOSER: Final = 10_002
BLANK: Final = 10_003

# By the first character of a line that is not white space.
_LEVELS: Final = {"": BLANK, "}": CLOSER, ")": CLOSER, "]": CLOSER}


@dataclass(frozen=True, slots=True)
class Definition:
    """A named part of a document, with its full extent (1-based, inclusive).

    `symbol` is its path (`Client.send`, `Install > On macOS`), `name` the bare last part.
    `kind` is `function`, `method`, `class`, `struct`, `interface`, `trait`, `enum`, `type`,
    `impl`, `module`, `macro`, `constant` and the like, or `section` for a heading's.
    `name_line` is where the name itself is: below decorators, above the body.
    """

    name: str
    symbol: str
    start_line: int
    end_line: int
    kind: str
    name_line: int


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a document: the row (from 0) it begins on, an overline included, the row of
    its words, its level (lower is outer), and its words."""

    row: int
    name_row: int
    level: int
    name: str


@dataclass(frozen=True, slots=True)
class Structure:
    """For each line (from 0) how deep that lies which begins there, and which lines are walls.

    A wall is where a definition begins, or what follows one: a chunk may lead up to it or
    begin with it, but no chunk runs from inside a definition over a wall outside it.
    `definitions` are in order of their start, an outer one before its inner ones.
    """

    levels: list[int]
    walls: frozenset[int]
    definitions: list[Definition]


def plain_levels(lines: list[str]) -> list[int]:
    """The levels of text without structure: paragraphs begin after blank lines."""
    starts = [line.lstrip()[:1] for line in lines]
    return [
        _LEVELS.get(start, LINE if before else PARAGRAPH)
        for before, start in zip(["", *starts], starts, strict=False)
    ]
