"""Markup off prose: what a reader of Markdown, reStructuredText or a comment sees.

`readable` is what an answer shows; the signatures are what verification compares, so both sides
of a comparison lose the same marks and a sentence still counts as quoted after `readable`.
"""

from __future__ import annotations

import re

_LEADER = re.compile(
    r"^\s*(?:(?:#{1,6}|/{2,3}!?|/\*+!?|\*(?!\*)|--+|;;+|>|[-+•]|\d{1,3}[.)]|%)(?=\s|$)\s*)+"
    r"|^\s*\.\.\s+(?:[\w-]+:)*[\w-]+::\s*|^\s*(?:r?\"\"\"|r?''')"
)
_TRAILER = re.compile(r"\s*(?:\*+/|\"\"\"|''')\s*$")
_INLINE: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"!?\[([^\]\n]*)\]\([^)\s]*(?:\s+\"[^\"]*\")?\)"), r"\1"),  # [text](target)
    (re.compile(r"\[([^\]\n]+)\]\[[^\]\n]*\]"), r"\1"),  # [text][label]
    (re.compile(r":(?:[\w+-]+:)+`!?~(?:[\w]+\.)*([^`<>]+)`"), r"`\1`"),  # :role:`~a.b.name`
    (re.compile(r":(?:[\w+-]+:)+`!?([^`<>]*[^`<>\s])\s*<[^`<>]*>`"), r"\1"),  # :role:`text <ref>`
    (re.compile(r":(?:[\w+-]+:)+`!?([^`]+)`"), r"`\1`"),  # :role:`name`
    (re.compile(r"`([^`<>]*[^`<>\s])\s+<[^`<>]*>`_{0,2}"), r"\1"),  # `text <target>`_
    (re.compile(r"``+\s?([^`\n]+?)\s?``+_{0,2}"), r"`\1`"),
    (re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1"), r"\2"),
    (re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]+?)(?<=[^\s*])\*(?![\w*])"), r"\1"),
    (re.compile(r"</?[a-zA-Z][^<>\n]{0,200}>"), ""),
)
_MARKED = re.compile(r"[\[`<*]|__")
_QUOTES = ('"""', "'''")
_CLOSERS = ("*/", *_QUOTES)
_SPACES = re.compile(r"\s+")
_PROSE_WORD = re.compile(r"\w+|[^\w\s`*_#>|~\"'.,;:!?()\[\]{}/\\-]")


def bare_line(line: str) -> str:
    """A line without what leads it (bullet, heading mark, comment mark) or closes a comment."""
    bare = line.strip()
    if bare and (not bare[0].isalpha() or bare[1:4] in _QUOTES):
        bare = _LEADER.sub("", bare, count=1)
    if bare.endswith(_CLOSERS):
        bare = _TRAILER.sub("", bare)
    return bare.strip()


def readable(text: str) -> str:
    """Prose as it reads: one line, no leaders, links and roles reduced to their text."""
    joined = " ".join(bare for line in text.splitlines() if (bare := bare_line(line)))
    return inline(joined)


def inline(text: str) -> str:
    """One line of prose without inline markup, inline code kept in single backticks."""
    if _MARKED.search(text):
        for pattern, replacement in _INLINE:
            text = pattern.sub(replacement, text)
    return _SPACES.sub(" ", text).strip()


def prose_signature(text: str) -> str:
    """The words of a prose text in order, folded, each between single spaces."""
    return f" {' '.join(_PROSE_WORD.findall(readable(text).casefold()))} "


def code_signature(text: str) -> str:
    """A code text with each run of white space made one space; nothing else is forgiven."""
    return _SPACES.sub(" ", text).strip()
