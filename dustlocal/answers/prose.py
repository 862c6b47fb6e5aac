"""Prose cut into sentences with their lines: documents, comments and commit messages."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .markup import bare_line, inline

_MOST_LISTING_LINES = 10
_MOST_ENTRY_LINES = 14

_FENCE = re.compile(r"^\s*(```+|~~~+)")
_ATX = re.compile(r"^ {0,3}(#{1,6})\s+(.*)")
_UNDERLINE = re.compile(r"^([=\-~^\"'`#*+.:_])\1{2,}\s*$")
_BULLET = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)]|:[\w -]+:)\s+\S")
_TABLE_ROW = re.compile(r"^\s*\|.*\|\s*$")
_TABLE_RULE = re.compile(r"^\s*\|?[\s:|+=-]+\|?\s*$")
_DIRECTIVE = re.compile(r"^(\s*)\.\.\s+([\w:-]+)::\s*(.*)$")
_CODE_DIRECTIVES = frozenset({"code", "code-block", "sourcecode", "prompt", "parsed-literal"})
_SILENT_DIRECTIVES = frozenset(
    {"image", "figure", "toctree", "include", "literalinclude", "raw", "currentmodule", "module"}
)
_OPTION = re.compile(r"^\s+:[\w-]+:")
# What only code looks like: for listings whose announcing line lies outside the text at hand.
_CODE_LINE = re.compile(
    r"^\s{2,}\S.*[;{}]\s*$|^\s*(?:def|class|async def|func|fn|import|from \S+ import|@\w)\b.*"
    r"|^\s{4,}(?:return\b.*|[\w., ]+\s*:?=\s.*|[\w.]+\(.*\)|(?:if|for|with|while)\b.*:|\$ .*"
    r"|>>> .*)\s*$"
)
_SENTENCE_END = re.compile(
    r"[.!?][\"'”’)\]`*_]*\s+(?=[\"'“‘(\[`*:]*(?:[A-Z0-9`\"“À-Þ]|[^\x00-\x7f]))|[。！？]"
)
_ABBREVIATIONS = ("e.g", "i.e", " etc", " vs", " cf", " resp", " approx", " no")
_TRAILER = re.compile(
    r"^(author|signed-off-by|co-authored-by|reviewed-by|acked-by|tested-by|change-id|cc|git-svn-id)\s*:",
    re.IGNORECASE,
)
_PATH_LINE = re.compile(r"^\S*[/.]\S*$|^… and \d+ more$")


@dataclass(frozen=True, slots=True)
class Piece:
    """A quotable piece of a text: its shape (`units.Shape`), its lines, what it says."""

    shape: str
    start_line: int
    end_line: int
    text: str
    heading: str = ""


Numbered = tuple[int, str]


def sentences(paragraph: Sequence[Numbered], shape: str, heading: str = "") -> Iterator[Piece]:
    """The sentences of a paragraph given as (line number, line), each with its own lines."""
    starts: list[int] = []
    numbers: list[int] = []
    joined = ""
    for number, line in paragraph:
        bare = bare_line(line)
        if not bare:
            continue
        joined += " " if joined else ""
        starts.append(len(joined))
        numbers.append(number)
        joined += bare
    for start, end in _sentence_spans(joined):
        text = inline(joined[start:end])
        if not any(letter.isalpha() for letter in text):
            continue
        first = numbers[bisect_right(starts, start) - 1]
        last = numbers[bisect_right(starts, end - 1) - 1]
        yield Piece(shape, first, last, text, heading)


def _sentence_spans(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for match in _SENTENCE_END.finditer(text):
        if text.endswith(_ABBREVIATIONS, start, match.start()):
            continue
        if text[start : match.end()].strip():
            yield start, match.end()
            start = match.end()
    if text[start:].strip():
        yield start, len(text)


class _DocumentReader:
    """Walks a document's lines once and collects its pieces."""

    def __init__(self, lines: Sequence[str], first: int) -> None:
        self.lines = lines
        self.first = first
        self.at = 0
        self.heading = ""
        self.paragraph: list[Numbered] = []
        self.pieces: list[Piece] = []

    def read(self) -> list[Piece]:
        """All pieces, in order."""
        self._tail_of_fence()
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if _FENCE.match(line):
                self._fence(line)
            elif directive := _DIRECTIVE.match(line):
                self._directive(directive)
            elif self._is_literal_start():
                self._literal(_indent(line))
            else:
                self._text(line)
                self.at += 1
        self._flush()
        return self.pieces

    def _tail_of_fence(self) -> None:
        """A block can start inside a listing that an earlier block opened."""
        fences = [at for at, line in enumerate(self.lines) if _FENCE.match(line)]
        if len(fences) % 2 and self.lines[fences[0]].strip() in ("```", "~~~"):
            self._listing(0, fences[0])
            self.at = fences[0] + 1

    def _text(self, line: str) -> None:
        if not line.strip() or _OPTION.match(line):
            self._flush()
        elif heading := _ATX.match(line):
            self._flush()
            self.heading = inline(heading.group(2).rstrip("# "))
        elif _UNDERLINE.match(line):
            self._underline()
        elif _TABLE_ROW.match(line):
            self._flush()
            if not _TABLE_RULE.match(line):
                self._add("entry", self.at, self.at, inline(line.strip().strip("|")))
        else:
            if _BULLET.match(line):
                self._flush()
            self.paragraph.append((self.first + self.at, line))

    def _underline(self) -> None:
        """The line above was a heading, not text."""
        if len(self.paragraph) == 1:
            self.heading = inline(self.paragraph[0][1].strip())
            self.paragraph.clear()
        else:
            self._flush()

    def _flush(self) -> None:
        if not self.paragraph:
            return
        looks_like_code = sum(bool(_CODE_LINE.match(line)) for _, line in self.paragraph)
        if looks_like_code * 2 > len(self.paragraph):
            first = self.paragraph[0][0] - self.first
            self._listing(first, first + len(self.paragraph))
        else:
            self.pieces += sentences(self.paragraph, "sentence", self.heading)
        self.paragraph.clear()

    def _add(self, shape: str, start: int, end: int, text: str) -> None:
        if text.strip():
            piece = Piece(shape, self.first + start, self.first + end, text, self.heading)
            self.pieces.append(piece)

    def _fence(self, opening: str) -> None:
        self._flush()
        match = _FENCE.match(opening)
        fence = match.group(1)[:3] if match else "```"
        end = self.at + 1
        while end < len(self.lines) and not self.lines[end].lstrip().startswith(fence):
            end += 1
        self._listing(self.at + 1, end)
        self.at = end + 1

    def _is_literal_start(self) -> bool:
        """Indented by four after a blank line, where the text above announces a listing."""
        line = self.lines[self.at]
        if _indent(line) < 3 or not line.strip() or self.paragraph:
            return False
        above = next((seen for seen in reversed(self.lines[: self.at]) if seen.strip()), "")
        return above.rstrip().endswith(("::", ":")) and _indent(line) > _indent(above)

    def _literal(self, indent: int) -> None:
        end = self._indented_until(self.at, indent)
        self._listing(self.at, end)
        self.at = end

    def _indented_until(self, start: int, indent: int) -> int:
        end = start
        while end < len(self.lines):
            line = self.lines[end]
            if line.strip() and _indent(line) < indent:
                break
            end += 1
        return end

    def _listing(self, start: int, end: int) -> None:
        while start < end and not self.lines[start].strip():
            start += 1
        while end > start and not self.lines[end - 1].strip():
            end -= 1
        while start < end:
            cut = self._listing_cut(start, end)
            self._add("listing", start, cut - 1, dedented(self.lines[start:cut]))
            start = cut
            while start < end and not self.lines[start].strip():
                start += 1

    def _listing_cut(self, start: int, end: int) -> int:
        """Where a listing that is too long to quote breaks: at its first blank line, if any."""
        if end - start <= _MOST_LISTING_LINES:
            return end
        limit = start + _MOST_LISTING_LINES
        blank = (at for at in range(start, limit) if not self.lines[at].strip())
        return next(blank, limit)

    def _directive(self, match: re.Match[str]) -> None:
        self._flush()
        indent, name, argument = len(match.group(1)), match.group(2), match.group(3)
        body_end = self._indented_until(self.at + 1, indent + 1)
        if name in _CODE_DIRECTIVES:
            start = self.at + 1
            while start < body_end and _OPTION.match(self.lines[start]):
                start += 1
            self._listing(start, body_end)
            self.at = body_end
        elif name in _SILENT_DIRECTIVES:
            self.at = body_end
        elif argument and self._is_short_prose(body_end):
            self._entry(body_end)
        else:
            self.heading = inline(argument) or self.heading
            self.at += 1

    def _is_short_prose(self, end: int) -> bool:
        body = self.lines[self.at + 1 : end]
        return len(body) <= _MOST_ENTRY_LINES and not any(
            line.rstrip().endswith("::") or _FENCE.match(line) for line in body
        )

    def _entry(self, end: int) -> None:
        """A described name and its short description, quoted as one."""
        while end > self.at + 1 and not self.lines[end - 1].strip():
            end -= 1
        bare = (bare_line(line) for line in self.lines[self.at : end])
        text = inline(" ".join(line for line in bare if line))
        self._add("entry", self.at, end - 1, text)
        self.at = end


def document_pieces(lines: Sequence[str], first: int) -> list[Piece]:
    """The sentences, entries and listings of a Markdown, reStructuredText or plain text."""
    return _DocumentReader(lines, first).read()


def commit_pieces(lines: Sequence[str]) -> list[Piece]:
    """A commit's subject and the sentences of its body; trailers and touched paths are none."""
    pieces: list[Piece] = []
    paragraph: list[Numbered] = []
    for number, line in enumerate(lines, 1):
        says_nothing = (
            not any(map(str.isalnum, line)) or _TRAILER.match(line) or _PATH_LINE.match(line)
        )
        if says_nothing or _BULLET.match(line):
            pieces += sentences(paragraph, "sentence")
            paragraph = []
        if says_nothing:
            continue
        if not pieces and not paragraph:
            pieces.append(Piece("subject", number, number, inline(line.strip())))
        else:
            paragraph.append((number, line))
    pieces += sentences(paragraph, "sentence")
    return pieces


def dedented(lines: Sequence[str]) -> str:
    """Lines without the indentation they share, and without trailing white space."""
    indents = [_indent(line) for line in lines if line.strip()]
    cut = min(indents, default=0)
    return "\n".join(line[cut:].rstrip() for line in lines)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
