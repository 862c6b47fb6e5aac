"""Documents by their heading tree: Markdown, and what was projected onto its headings.

A dialect is a function that lists a document's headings. How levels nest, what a section spans
and what its path is follow from the list alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from indexer.chunk.rst import asciidoc_headings, org_headings, rst_headings
from indexer.chunk.structure import Definition, Heading, Structure, plain_levels

_ATX: Final = re.compile(r" {0,3}(#{1,6})(?=[ \t\r\n]|\Z)")
_ATX_END: Final = re.compile(r"(?:^|[ \t])#+$")
_FENCE: Final = re.compile(r" {0,3}(`{3,}+(?![^\n]*`)|~{3,}+)")
_SETEXT: Final = re.compile(r" {0,3}(=++|-++)[ \t]*\r?\n?")
# What opens a block other than a paragraph: a line of dashes below it is no underline.
_NOT_PARAGRAPH: Final = re.compile(r" {0,3}(?:[-*+>|]|\d+[.)][ \t]|#{1,6}[ \t])|\t| {4}")
_FRONT_MATTER: Final = {"---": ("---", "..."), "+++": ("+++",)}
_PROJECTED: Final = re.compile(r"(#{1,6}) (.*)")
_MARKUP: Final = re.compile(r"!?\[([^\]]*)\]\([^)]*\)|<[^<>]*>|[`*]|\{#[^}]*\}")
_MAX_NAME: Final = 120
# Before markup is taken out; patterns that backtrack see no more than this.
_MAX_TITLE: Final = 500


def markdown_headings(lines: list[str]) -> list[Heading]:
    """ATX and setext headings, those in front matter and fenced code left out."""
    headings: list[Heading] = []
    fence = ""
    row = _after_front_matter(lines)
    for number in range(row, len(lines)):
        line = lines[number]
        opened = _FENCE.match(line)
        if fence:
            fence = "" if _closes(line, fence) else fence
        elif opened:
            fence = opened[1]
        elif atx := _ATX.match(line):
            headings.append(Heading(number, number, len(atx[1]), _atx_name(line[atx.end() :])))
        elif number > row and (setext := _SETEXT.fullmatch(line)):
            headings += _setext(lines, number, setext, headings)
    return headings


def projected_headings(lines: list[str]) -> list[Heading]:
    """Lines that an extractor wrote as headings: `# ` at the very start, and nothing else."""
    found = ((row, _PROJECTED.match(line)) for row, line in enumerate(lines))
    return [Heading(row, row, len(m[1]), m[2].strip()[:_MAX_NAME]) for row, m in found if m]


HEADINGS: Final[dict[str, Callable[[list[str]], list[Heading]]]] = {
    "markdown": markdown_headings,
    "html": projected_headings,
    "pdf": projected_headings,
    "rst": rst_headings,
    "asciidoc": asciidoc_headings,
    "org": org_headings,
}
"""The languages that are cut by headings, with the function that finds them."""


def heading_structure(
    lines: list[str], headings_of: Callable[[list[str]], list[Heading]]
) -> Structure:
    """Levels from the heading tree; below it paragraphs, then lines."""
    headings = headings_of(lines)
    levels = plain_levels(lines)
    walls = set()
    for heading in headings:
        levels[heading.row] = heading.level
        walls.add(heading.row)
    return Structure(levels, frozenset(walls), _sections(headings, len(lines)))


def _sections(headings: list[Heading], count: int) -> list[Definition]:
    """A section for each heading, to the next one that is not below it."""
    sections: list[Definition] = []
    ends = _section_ends(headings, count)
    path: list[Heading] = []
    for heading, end in zip(headings, ends, strict=True):
        while path and path[-1].level >= heading.level:
            path.pop()
        path.append(heading)
        symbol = " > ".join(h.name for h in path if h.name)
        start, name = heading.row + 1, heading.name_row + 1
        sections.append(Definition(heading.name, symbol, start, end, "section", name))
    return sections


def _section_ends(headings: list[Heading], count: int) -> list[int]:
    ends = [count] * len(headings)
    around: list[int] = []
    for index, heading in enumerate(headings):
        while around and headings[around[-1]].level >= heading.level:
            ends[around.pop()] = heading.row
        around.append(index)
    return ends


def _after_front_matter(lines: list[str]) -> int:
    """The first line below a YAML or TOML block that opens the document."""
    ends = _FRONT_MATTER.get(lines[0].rstrip(), ()) if lines else ()
    closing = (row for row in range(1, len(lines)) if ends and lines[row].rstrip() in ends)
    return next(closing, -1) + 1


def _closes(line: str, fence: str) -> bool:
    stripped = line.strip()
    return len(stripped) >= len(fence) and not stripped.strip(fence[0])


def _setext(
    lines: list[str], row: int, underline: re.Match[str], headings: list[Heading]
) -> list[Heading]:
    """The heading whose underline is at `row`: the line above, if it is a paragraph's."""
    above = lines[row - 1]
    is_taken = bool(headings) and headings[-1].row >= row - 2 and headings[-1].name_row == row - 1
    if not above.strip() or is_taken or _NOT_PARAGRAPH.match(above) or _SETEXT.fullmatch(above):
        return []
    level = 1 if underline[1][0] == "=" else 2
    return [Heading(row - 1, row - 1, level, _plain(above))]


def _atx_name(rest: str) -> str:
    """The words behind the `#`, less the `#` that may close the line."""
    return _plain(_ATX_END.sub("", rest[:_MAX_TITLE].strip()))


def _plain(text: str) -> str:
    """A heading's words without its markup."""
    return _MARKUP.sub(lambda m: m[1] or "", text[:_MAX_TITLE]).strip()[:_MAX_NAME]
