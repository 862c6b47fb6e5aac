"""Text to chunks: by definitions, by headings, or by paragraphs and lines.

Every kind of document is first read into a `Structure` (what begins on which line, how deep);
one packer cuts them all, so they share sizes and guarantees: the chunks tile the text exactly,
begin at line starts, and carry the lines they hold. Lines end with a line feed, nothing else.
"""

from __future__ import annotations

from itertools import accumulate
from typing import Final

from indexer.chunk.code import code_structure
from indexer.chunk.label import Labels
from indexer.chunk.lines import lines_structure
from indexer.chunk.markdown import HEADINGS, heading_structure
from indexer.chunk.pack import Measures, pack
from indexer.chunk.structure import BLANK, Definition, Structure
from indexer.chunk.weigh import line_tokens
from indexer.languages import Language
from indexer.model import Chunk

__all__ = ["Definition", "chunk_text", "outline"]

# A line above this many characters is cut inside, into pieces of at most the second number.
_LONG_LINE: Final = 4_000
_PIECE: Final = 2_000


def chunk_text(text: str, language: Language) -> list[Chunk]:
    """The chunks of `text` in order; `"".join` of their texts is `text`.

    About 220 tokens each, at most some 300 and 2,400 characters but where one line is longer.
    Two chunks share a line only where it is longer than 4,000 characters and cut inside.
    """
    lines = _lines(text)
    source = text.encode("utf-8", errors="replace")
    tokens = line_tokens(source)
    structure = _structure(source, lines, tokens, language)
    offsets = list(accumulate(map(len, lines), initial=0))
    measures = Measures(tokens, offsets)
    labels = Labels(structure.definitions)
    chunks: list[Chunk] = []
    for start, end in pack(structure, measures):
        written = _written(start, end, structure)
        symbol = _symbol(written, structure, labels, language)
        defines = labels.defines(start + 1, end)
        pieces = _pieces(text[offsets[start] : offsets[end]], single=end - start == 1)
        for number, piece in enumerate(pieces):
            chunks.append(Chunk(start + 1, end, piece, symbol, () if number else defines))
    return chunks


def outline(text: str, language: Language) -> list[Definition]:
    """Every definition (in a document: every section) with its full extent, in order."""
    source = text.encode("utf-8", errors="replace")
    return _structure(source, _lines(text), line_tokens(source), language).definitions


def _lines(text: str) -> list[str]:
    """The lines with their line feeds; the last may lack one, and none is empty."""
    lines = [f"{line}\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


def _structure(
    source: bytes, lines: list[str], tokens: list[float], language: Language
) -> Structure:
    if language.name in HEADINGS:
        return heading_structure(lines, HEADINGS[language.name])
    if language.grammar is None:
        return lines_structure(lines)
    return code_structure(source, lines, tokens, language.grammar) or lines_structure(lines)


def _written(start: int, end: int, structure: Structure) -> range:
    """The lines (1-based) from a chunk's first that is not blank to its last."""
    first = next((row for row in range(start, end) if structure.levels[row] != BLANK), start)
    return range(first + 1, end + 1)


def _symbol(written: range, structure: Structure, labels: Labels, language: Language) -> str:
    if language.name not in HEADINGS:
        return labels.symbol(written.start, written[-1])
    # A title right above its first section says less than that section's path does.
    rows = (n for n in written if structure.levels[n - 1] != BLANK)
    body = next((n for n in rows if n - 1 not in structure.walls), written[-1])
    return labels.section(body)


def _pieces(text: str, *, single: bool) -> list[str]:
    if not single or len(text) <= _LONG_LINE:
        return [text]
    return [text[at : at + _PIECE] for at in range(0, len(text), _PIECE)]
