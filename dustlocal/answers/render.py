"""An answer as text: sentences and quoted code with `[n]`, and the words of a refusal."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass

from dustlocal.api import Citation, CoverageInfo, Sentence

from .verify import place

MOST_CHARACTERS = 1_200
_AUTHOR = re.compile(r"^Author: ([^<\n]+?)\s*(?:<.*)?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Line:
    """A verified piece of an answer, with what is told about it besides its text."""

    text: str
    citation: Citation
    is_code: bool
    evidence: str
    time: int = 0


@dataclass(frozen=True, slots=True)
class Rendered:
    """The answer, what its markers point to, and its pieces."""

    answer: str
    citations: tuple[Citation, ...]
    sentences: tuple[Sentence, ...]


def render(lines: Sequence[Line]) -> Rendered:
    """Lines as an answer; those that would pass `MOST_CHARACTERS` are left out, last first."""
    kept = list(lines)
    while True:
        rendered = _render(kept)
        if len(rendered.answer) <= MOST_CHARACTERS or len(kept) <= 1:
            return rendered
        kept.pop()


def _render(lines: Sequence[Line]) -> Rendered:
    citations: dict[Citation, int] = {}
    paragraphs: list[str] = []
    follows_prose = False
    for line in lines:
        number = citations.setdefault(line.citation, len(citations) + 1)
        is_plain = not line.is_code and not line.citation.commit
        text = _line(line, number)
        if is_plain and follows_prose:
            paragraphs[-1] += " " + text
        else:
            paragraphs.append(text)
        follows_prose = is_plain
    return Rendered(
        answer="\n\n".join(paragraphs),
        citations=tuple(citations),
        sentences=tuple(Sentence(text=line.text, citations=(line.citation,)) for line in lines),
    )


def _line(line: Line, number: int) -> str:
    if line.is_code:
        fence = "````" if "```" in line.text else "```"
        return f"{place(line.citation)} [{number}]\n{fence}\n{line.text}\n{fence}"
    if line.citation.commit:
        return f"{_commit_label(line)}: {line.text} [{number}]"
    return f"{line.text} [{number}]"


def _commit_label(line: Line) -> str:
    told = [place(line.citation)]
    if line.time > 0:
        told.append(f"{datetime.datetime.fromtimestamp(line.time, datetime.UTC):%Y-%m-%d}")
    author = _AUTHOR.search(line.evidence)
    if author:
        told.append(author.group(1))
    return ", ".join(told)


def refusal(
    coverage: CoverageInfo,
    names: Sequence[str],
    missing: Sequence[str],
    closest: Citation | None,
    symbol: str,
) -> str:
    """What is said in place of an answer: what was searched, what is missing, what came closest."""
    scope = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    searched = f"{coverage.indexed:,} files"
    if coverage.commits:
        searched += f" and {coverage.commits:,} commits"
    said = f"Not found in the index: nothing in the {searched} searched ({scope}) answers this."
    if missing:
        listed = ", ".join(f"`{word[:60]}`" for word in missing[:4])
        said += f" No mention of {listed}."
    if closest is not None:
        said += f" The closest is {place(closest)}" + (f" ({symbol})." if symbol else ".")
    if coverage.pending or coverage.commits_pending:
        said += " The index is not complete yet; asking again later may find more."
    if coverage.vectors_pending:
        said += f" {coverage.vectors_pending:,} of {coverage.chunks:,} chunks have no vector."
    return said
