"""Blocks cut into what an answer may quote: sentences, definitions, statements.

Knows the shape of code only as far as all languages share it (indentation, brackets, comments,
definition keywords), so a new grammar in the index needs no row here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from indexer.model import Kind

from . import code, prose
from .pack import Block
from .words import keys_of, name_keys


class Shape(StrEnum):
    """What a unit is in its file."""

    SENTENCE = "sentence"
    ENTRY = "entry"
    LISTING = "listing"
    DEFINITION = "definition"
    ASSIGNMENT = "assignment"
    STATEMENT = "statement"
    REMARK = "remark"
    SUBJECT = "subject"


_QUOTED_AS_CODE = frozenset({Shape.LISTING, Shape.DEFINITION, Shape.ASSIGNMENT, Shape.STATEMENT})


@dataclass(frozen=True, slots=True)
class Unit:
    """A quotable piece. `keys` are its own words', `context` those of where it stands.

    `text` is what an answer shows: prose readable, code as it stands (dedented). `symbol` is the
    definition or heading path that holds it, `strength` the rank of its passage (1: the best).
    """

    block: Block
    shape: Shape
    start_line: int
    end_line: int
    text: str
    keys: frozenset[str]
    context: frozenset[str]
    symbol: str
    strength: float

    @property
    def is_code(self) -> bool:
        """Whether the text is quoted as code."""
        return self.shape in _QUOTED_AS_CODE


def units_of(block: Block) -> list[Unit]:
    """All quotable pieces of a block, in the order of the file."""
    if block.kind is Kind.COMMIT:
        return _commit_units(block)
    if block.kind is Kind.DOCUMENT:
        pieces = prose.document_pieces(block.lines, block.start_line)
    else:
        pieces = code.code_pieces(block.lines, block.start_line, block.language)
    return [_unit(block, piece) for piece in pieces]


@lru_cache(maxsize=4096)
def _context(path: str, symbol: str, heading: str) -> frozenset[str]:
    return name_keys(path) | name_keys(symbol) | name_keys(heading)


def _unit(block: Block, piece: prose.Piece) -> Unit:
    part = block.part_at(piece.start_line)
    return Unit(
        block=block,
        shape=Shape(piece.shape),
        start_line=piece.start_line,
        end_line=piece.end_line,
        text=piece.text,
        keys=frozenset(keys_of(piece.text)),
        context=_context(block.path, part.symbol, piece.heading),
        symbol=part.symbol,
        strength=(block.strength + part.strength) / 2,
    )


def _commit_units(block: Block) -> list[Unit]:
    pieces = prose.commit_pieces(block.lines)
    context = frozenset(keys_of(pieces[0].text)) if pieces else frozenset()
    return [
        Unit(
            block=block,
            shape=Shape(piece.shape),
            start_line=piece.start_line,
            end_line=piece.end_line,
            text=piece.text,
            keys=frozenset(keys_of(piece.text)),
            context=context,
            symbol="",
            strength=block.strength,
        )
        for piece in pieces
    ]
