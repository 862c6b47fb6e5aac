"""Text that no one wrote line by line: minified scripts, data on one line."""

from __future__ import annotations

from typing import Final

from indexer.languages import Language

# Smaller files cost little, and a one-line configuration is worth finding.
_SMALL: Final = 4_000

# People's code averages 30 to 45 characters a line, wide tables and templates up to 150.
_AVERAGE_LINE: Final = 300

# A line of this length is data, in prose as in code (prose of one line per paragraph stays
# under 5,000); a file is dropped when such lines are most of it.
_HUGE_LINE: Final = 10_000
_HUGE_PROSE_LINE: Final = 50_000

# One sentence, paragraph or record a line: their average says nothing.
_LONG_LINED: Final = frozenset(
    ["markdown", "rst", "asciidoc", "org", "tex", "text", "pdf", "ipynb", "csv", "jsonl", "html"]
)


def minified_reason(text: str, language: Language) -> str | None:
    """Why `text` counts as minified, None if it does not."""
    if len(text) <= _SMALL:
        return None
    long_lined = language.name in _LONG_LINED
    average = len(text) // (text.count("\n") + 1)
    if average > _AVERAGE_LINE and not long_lined:
        return f"its lines are {average:,} characters long on average"
    limit = _HUGE_PROSE_LINE if long_lined else _HUGE_LINE
    huge = [length for line in text.split("\n") if (length := len(line)) > limit]
    if sum(huge) * 2 > len(text):
        return f"most of it is on lines of up to {max(huge):,} characters"
    return None
