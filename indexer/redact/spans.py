"""Where a credential stands in a text, and how such places are blanked without moving a line."""

from __future__ import annotations

import re
from typing import NamedTuple

MARKER = "[redacted:"

_LINE_BREAKS = re.compile(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")  # what str.splitlines splits at


class Span(NamedTuple):
    """`text[start:end]` is a credential of kind `rule`; a lower `rank` names it more exactly."""

    start: int
    end: int
    rule: str
    rank: int = 0


def merge_spans(spans: list[Span]) -> list[Span]:
    """Spans in order without overlaps: those that share a character become one.

    The union is taken, so that nothing any rule objected to stays; the most exact rule names it.
    """
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.start < merged[-1].end:
            last = merged[-1]
            named = min(last, span, key=lambda s: s.rank)
            merged[-1] = Span(last.start, max(last.end, span.end), named.rule, named.rank)
        else:
            merged.append(span)
    return merged


def blank_spans(text: str, spans: list[Span]) -> str:
    """The text with every span (ordered, disjoint) replaced by its marker, line breaks kept."""
    pieces: list[str] = []
    at = 0
    for span in spans:
        breaks = "".join(_LINE_BREAKS.findall(text, span.start, span.end))
        pieces += (text[at : span.start], MARKER, span.rule, "]", breaks)
        at = span.end
    pieces.append(text[at:])
    return "".join(pieces)


def lower_aligned(text: str) -> str:
    """`text.lower()` with every character at its old index.

    U+0130 is the one character whose lower case has another length.
    """
    lowered = text.lower()
    return lowered if len(lowered) == len(text) else text.replace("\u0130", "i").lower()
