"""Headings of reStructuredText, AsciiDoc and Org."""

from __future__ import annotations

import re
from typing import Final

from indexer.chunk.structure import Heading

_ADORNMENT: Final = re.compile(r"([!-/:-@\[-`{-~])\1++[ \t]*\r?\n?")
_ASCIIDOC: Final = re.compile(r"(={1,6})[ \t]+(\S.*)")
_ASCIIDOC_BLOCK: Final = re.compile(
    r"(-{4,}|\.{4,}|={4,}|\+{4,}|/{4,}|\*{4,}|_{4,}|```)[ \t]*\r?\n?"
)
_ORG: Final = re.compile(r"(\*{1,12})[ \t]+(\S.*)")
_ORG_BLOCK: Final = re.compile(r"[ \t]*#\+(begin|end)_(\w+)", re.IGNORECASE)
_ORG_TAGS: Final = re.compile(r"[ \t]+:[\w@#%:]+:$")
_ROLE: Final = re.compile(r":[\w:+.-]+:`([^`<]*?)(?:\s*<[^`]*>)?`|[`*|]")
_MAX_NAME: Final = 120
_MAX_TITLE: Final = 500


def rst_headings(lines: list[str]) -> list[Heading]:
    """Titles with an underline, or an overline too; styles nest in order of appearance.

    As docutils has it, an overlined `=` and a plain `=` are two styles, an underline is no
    shorter than its title (one shorter than four characters must fit exactly that), and text
    that is indented holds no titles.
    """
    styles: dict[tuple[str, bool], int] = {}
    headings: list[Heading] = []
    free = 0
    for row in range(1, len(lines)):
        mark = _title_above(lines, row, free)
        if mark is None:
            continue
        has_overline = _is_overline(lines, row, mark, free)
        level = styles.setdefault((mark, has_overline), len(styles))
        first = row - 2 if has_overline else row - 1
        name = _ROLE.sub(lambda m: (m[1] or "").lstrip("~!"), lines[row - 1][:_MAX_TITLE]).strip()[
            :_MAX_NAME
        ]
        headings.append(Heading(first, row - 1, level, name))
        free = row + 1
    return headings


def _title_above(lines: list[str], row: int, free: int) -> str | None:
    """The mark of the underline at `row`, None if it is none. Lines before `free` are taken."""
    adornment = _ADORNMENT.fullmatch(lines[row])
    title = lines[row - 1].rstrip()
    if adornment is None or row - 1 < free or not title.strip():
        return None
    if _ADORNMENT.fullmatch(title):
        return None
    has_overline = _is_overline(lines, row, adornment[1], free)
    if not has_overline and (title[0].isspace() or (row - 2 >= free and lines[row - 2].strip())):
        return None
    length = len(lines[row].rstrip())
    return adornment[1] if length >= len(title.strip()) or length >= 4 else None


def _is_overline(lines: list[str], row: int, mark: str, free: int) -> bool:
    over = lines[row - 2].rstrip() if row - 2 >= free else ""
    return len(over) > 1 and over == lines[row].rstrip() and over[0] == mark


def asciidoc_headings(lines: list[str]) -> list[Heading]:
    """`== Title` lines outside delimited blocks."""
    headings: list[Heading] = []
    block = ""
    for row, line in enumerate(lines):
        delimiter = _ASCIIDOC_BLOCK.fullmatch(line)
        if delimiter:
            block = "" if block == delimiter[1] else block or delimiter[1]
        elif not block and (title := _ASCIIDOC.match(line)):
            headings.append(Heading(row, row, len(title[1]), title[2].strip()[:_MAX_NAME]))
    return headings


def org_headings(lines: list[str]) -> list[Heading]:
    """`** Title` lines outside `#+begin_… #+end_…` blocks, tags left out."""
    headings: list[Heading] = []
    block = ""
    for row, line in enumerate(lines):
        edge = _ORG_BLOCK.match(line)
        if edge and edge[1].lower() == "begin":
            block = block or edge[2].lower()
        elif edge and edge[2].lower() == block:
            block = ""
        elif not block and (title := _ORG.match(line)):
            name = _ORG_TAGS.sub("", title[2][:_MAX_TITLE].strip())[:_MAX_NAME]
            headings.append(Heading(row, row, len(title[1]), name))
    return headings
