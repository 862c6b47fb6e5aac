"""Is the evidence strong enough to answer? If not, say what was searched and what came closest.

Search scores are relative to their query, so strength is measured anew: how much of the
question's weight the best place covers, how near it is in meaning, and whether something the
question names occurs nowhere in the index.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .matching import Matcher
from .pack import Block
from .question import Question
from .score import Scored, path_fitness

_LEADING_BLOCKS = 6


@dataclass(frozen=True, slots=True)
class Evidence:
    """The measures, each 0 to 1.

    `place` is the coverage by the best single block, `answer` by the best chosen unit (with the
    names of where it stands), `absent` the weight of terms that the index lacks, `nearness`
    the best cosine among the chosen and leading blocks (None without vectors), `missing` the
    words that were found nowhere.
    """

    place: float
    answer: float
    absent: float
    absent_names: float
    nearness: float | None
    missing: tuple[str, ...]

    @property
    def strength(self) -> float:
        """One number; `is_enough` compares it."""
        near = 0.0 if self.nearness is None else max(0.0, self.nearness - 0.35)
        return 0.5 * self.place + 0.5 * self.answer + 0.8 * near - 0.5 * self.absent_names

    @property
    def is_enough(self) -> bool:
        """Whether an answer may be given."""
        return self.strength >= 0.55


def weigh(
    question: Question, matcher: Matcher, blocks: Sequence[Block], chosen: Sequence[Scored]
) -> Evidence:
    """The evidence for the chosen units."""
    leading = [block for block in blocks if path_fitness(block.path, question) > 0.45]
    places = [
        matcher.coverage(matcher.strengths(block.keys)) for block in leading[: 2 * _LEADING_BLOCKS]
    ]
    alone = [
        matcher.coverage(matcher.strengths(one.unit.keys | one.unit.context)) for one in chosen
    ]
    cosines = [one.unit.block.cosine for one in chosen]
    cosines += [block.cosine for block in leading[:_LEADING_BLOCKS]]
    known = [cosine for cosine in cosines if cosine is not None]
    absent_names = sum(
        matcher.weights[number] for number in matcher.absent if matcher.terms[number].is_name
    )
    return Evidence(
        place=max(places, default=0.0),
        answer=max(alone, default=0.0),
        absent=sum(matcher.weights[number] for number in matcher.absent),
        absent_names=absent_names,
        nearness=max(known, default=None),
        missing=tuple(matcher.terms[number].text for number in sorted(matcher.absent)),
    )
