"""HTML to its visible text, line for line.

A projection, not a parser: what is removed leaves its line feeds behind, so line N of the text
is line N of the file. Every pattern stops at the next `<`, which keeps hostile pages linear.
"""

from __future__ import annotations

import re
from html import unescape
from typing import Final

_TOKEN: Final = re.compile(
    r"""<!--.*?(?:-->|\Z)
      | <(?P<raw>script|style)\b.*?(?:</(?P=raw)\b[^<>]*+>|\Z)
      | <(?P<close>/?)(?P<tag>[a-z][a-z0-9-]*+)(?:[^<>"']++|"[^"<]*+"|'[^'<]*+'|["'])*+>
      | <[!?/][^<>]*+>""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)

_HEADING: Final = re.compile(r"h([1-6])", re.IGNORECASE)
_BLANKS: Final = re.compile(r"[ \t\r\f\v]+")

# These sit inside a word or a sentence; any other tag parts what stands on its sides.
_INLINE_TAGS: Final = """
    a abbr b bdi bdo cite code data dfn em font i kbd mark q s samp small span strong sub sup
    time tt u var wbr
"""
_INLINE: Final = frozenset(_INLINE_TAGS.split())


def html_text(source: str) -> str:
    """The text of a page with as many line feeds; `<h2>` opens a line that begins `## `."""
    projection = _Projection()
    position = 0
    for token in _TOKEN.finditer(source):
        projection.add_text(source[position : token.start()])
        projection.add_markup(token)
        position = token.end()
    projection.add_text(source[position:])
    return projection.text()


class _Projection:
    """The text so far, and what the tags around it ask for."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._heading = ""
        self._preformatted = 0

    def add_text(self, text: str) -> None:
        if not text:
            return
        lines = [unescape(line).replace("\n", " ") for line in text.split("\n")]
        plain = "\n".join(lines).replace("\0", "\ufffd")
        if not self._preformatted:
            plain = _BLANKS.sub(" ", plain)
        if self._heading and (stripped := plain.lstrip()):
            blank = plain[: len(plain) - len(stripped)]
            plain = f"{blank}\0{self._heading} {stripped}"
            self._heading = ""
        self._pieces.append(plain)

    def add_markup(self, token: re.Match[str]) -> None:
        tag = (token["tag"] or "").lower()
        heading = _HEADING.fullmatch(tag)
        if heading:
            self._heading = "" if token["close"] else "#" * int(heading[1])
        elif tag == "pre":
            self._preformatted = max(0, self._preformatted + (-1 if token["close"] else 1))
        feeds = token[0].count("\n")
        self._pieces.append("\n" * feeds or ("" if tag in _INLINE else " "))

    def text(self) -> str:
        return "\n".join(map(_finished, "".join(self._pieces).split("\n")))


def _finished(line: str) -> str:
    """A heading (marked by a NUL, which no decoded page holds) starts its line; no other does."""
    before, mark, heading = line.partition("\0")
    if mark:
        heading = heading.replace("\0", "").rstrip()
        return f"{before.strip()} {heading}" if before.strip() else heading
    return f" {line}".rstrip() if line.startswith("#") else line.rstrip()
