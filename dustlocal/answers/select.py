"""The few units that make the answer, in an order that reads: best place first, lines in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .prose import dedented
from .score import Scored
from .units import Shape, Unit

# The share of the lead's score that the next unit needs: an answer grows only by what is good.
_ENOUGH = (0.0, 0.62, 0.7, 0.8, 0.85, 0.9)
_SAME_WORDS = 0.7
_NEAR = 4
_MOST_PER_BLOCK = 3
_LONGEST_TEXT = 600


@dataclass(frozen=True, slots=True)
class Selection:
    """Units to quote, in reading order; `lead` is the best one's score."""

    units: tuple[Scored, ...]
    lead: float


def select_units(scored: Sequence[Scored], units: Sequence[Unit], *, characters: int) -> Selection:
    """Choose from `scored` (best first) up to `characters` of text.

    `units` are all units, in file order: from them a definition takes the remark that explains
    it, and a listing the sentence that announces it.
    """
    if not scored:
        return Selection((), 0.0)
    lead = scored[0].score
    neighbours = _Neighbours(units)
    chosen: list[Scored] = []
    used = 0
    for one in scored:
        if len(chosen) >= len(_ENOUGH) or one.score < _ENOUGH[len(chosen)] * lead:
            break
        group = [one, *neighbours.companions(one)]
        fresh = [each for each in group if not _repeats(each.unit, chosen)]
        cost = sum(_cost(each.unit) for each in fresh)
        if one not in fresh or _crowded(one, chosen) or used + cost > characters:
            continue
        chosen += fresh
        used += cost
    return Selection(tuple(_lead_first(_merged(_reading_order(chosen)), scored[0].unit)), lead)


def _cost(unit: Unit) -> int:
    """Characters with the label, the marker and the fence around code."""
    overhead = len(unit.block.path) + 30 if unit.is_code or unit.block.commit else 8
    return len(unit.text) + overhead


def _crowded(one: Scored, chosen: Sequence[Scored]) -> bool:
    if chosen and len(one.unit.text) > _LONGEST_TEXT:
        return True
    return sum(each.unit.block is one.unit.block for each in chosen) >= _MOST_PER_BLOCK


def _repeats(unit: Unit, chosen: Sequence[Scored]) -> bool:
    return any(_overlaps(unit, each.unit) or _says_same(unit, each.unit) for each in chosen)


def _overlaps(a: Unit, b: Unit) -> bool:
    return (
        a.block is b.block
        and a.start_line <= b.end_line
        and b.start_line <= a.end_line
        and (a.is_code or b.is_code or a.text == b.text)
    )


def _says_same(a: Unit, b: Unit) -> bool:
    if not a.keys or not b.keys:
        return False
    shared = len(a.keys & b.keys)
    return shared / min(len(a.keys), len(b.keys)) > _SAME_WORDS and (
        shared / max(len(a.keys), len(b.keys)) > 0.5
    )


class _Neighbours:
    """Units by block, to find what belongs to a chosen one."""

    def __init__(self, units: Sequence[Unit]) -> None:
        self._by_block: dict[int, list[Unit]] = {}
        for unit in units:
            self._by_block.setdefault(id(unit.block), []).append(unit)

    def companions(self, one: Scored) -> list[Scored]:
        unit = one.unit
        around = self._by_block[id(unit.block)]
        if unit.shape is Shape.DEFINITION:
            found = _remark_of(unit, around)
        elif unit.shape is Shape.LISTING:
            found = _announcement_of(unit, around)
        else:
            found = None
        return [replace(one, unit=found)] if found else []


def _remark_of(unit: Unit, around: Sequence[Unit]) -> Unit | None:
    """The first sentence of the docstring below a definition, or of the comment above it."""
    remarks = [each for each in around if each.shape is Shape.REMARK]
    below = next((each for each in remarks if 1 <= each.start_line - unit.end_line <= 2), None)
    if below is not None:
        return below
    above = [each for each in remarks if each.end_line < unit.start_line]
    if not above or unit.start_line - above[-1].end_line > 2:
        return None
    first = above[-1]
    for each in reversed(above):
        if first.start_line - each.end_line > 1:
            break
        first = each
    return first


def _announcement_of(unit: Unit, around: Sequence[Unit]) -> Unit | None:
    before = [each for each in around if each.end_line < unit.start_line]
    if before and not before[-1].is_code and unit.start_line - before[-1].end_line <= _NEAR:
        return before[-1]
    return None


def _reading_order(chosen: Sequence[Scored]) -> list[Scored]:
    """Blocks in the order in which they were first chosen, each block's units by line."""
    first: dict[int, int] = {}
    for place, one in enumerate(chosen):
        first.setdefault(id(one.unit.block), place)
    return sorted(chosen, key=lambda one: (first[id(one.unit.block)], one.unit.start_line))


def _lead_first(ordered: list[Scored], lead: Unit) -> list[Scored]:
    """The best unit opens the answer, with the sentence right above it that belongs to it."""
    at = next((place for place, one in enumerate(ordered) if _overlaps(one.unit, lead)), 0)
    while at and _introduces(ordered[at - 1].unit, ordered[at].unit):
        at -= 1
    end = next(
        (place for place, one in enumerate(ordered) if one.unit.block is not lead.block),
        len(ordered),
    )
    return ordered[at:end] + ordered[:at] + ordered[end:]


def _introduces(above: Unit, unit: Unit) -> bool:
    near = above.block is unit.block and 0 < unit.start_line - above.end_line <= _NEAR
    return near and unit.is_code and not above.is_code


def _merged(ordered: Sequence[Scored]) -> list[Scored]:
    """Code quotes that follow one another without a gap become one."""
    merged: list[Scored] = []
    for one in ordered:
        joined = _joined(merged[-1].unit, one.unit) if merged else None
        if joined is None:
            merged.append(one)
        else:
            merged[-1] = replace(merged[-1], unit=joined)
    return merged


def _joined(a: Unit, b: Unit) -> Unit | None:
    follows = a.block is b.block and a.end_line + 1 == b.start_line
    if not (follows and a.is_code and b.is_code):
        return None
    offset = a.block.start_line
    lines = a.block.lines[a.start_line - offset : b.end_line - offset + 1]
    return replace(a, end_line=b.end_line, text=dedented(lines), keys=a.keys | b.keys)
