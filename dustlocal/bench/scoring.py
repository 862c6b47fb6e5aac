"""How good a ranking is, over many queries: recall, hits and mean reciprocal rank."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

# A first answer beyond this place counts as not found.
DEPTH: Final = 50


@dataclass(frozen=True, slots=True)
class Score:
    """One query's result. `rank` is the place of the first answer, None beyond `DEPTH`."""

    recall_5: float
    recall_10: float
    rank: int | None

    @property
    def reciprocal_rank(self) -> float:
        """1 / rank, 0 when no answer came."""
        return 1 / self.rank if self.rank else 0.0


def score(ranked: Sequence[str], answers: Collection[str]) -> Score:
    """Score a ranking of distinct items against the set of right ones."""
    places = sorted(place for place, item in enumerate(ranked[:DEPTH], start=1) if item in answers)
    return Score(
        recall_5=sum(place <= 5 for place in places) / len(answers),
        recall_10=sum(place <= 10 for place in places) / len(answers),
        rank=places[0] if places else None,
    )


@dataclass(frozen=True, slots=True)
class Summary:
    """Means over queries; `mrr_low` and `mrr_high` bound the mean reciprocal rank with 95 %."""

    queries: int
    recall_5: float
    recall_10: float
    hit_1: float
    mrr: float
    mrr_low: float
    mrr_high: float


def summarise(scores: Sequence[Score]) -> Summary:
    """The means of some scores, with a bootstrap interval (1,000 samples, fixed seed)."""
    if not scores:
        return Summary(0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    ranks = [item.reciprocal_rank for item in scores]
    rng = random.Random(0)  # noqa: S311  (a bootstrap, not a secret)
    means = sorted(fmean(rng.choices(ranks, k=len(ranks))) for _ in range(1000))
    return Summary(
        queries=len(scores),
        recall_5=fmean(item.recall_5 for item in scores),
        recall_10=fmean(item.recall_10 for item in scores),
        hit_1=fmean(item.rank == 1 for item in scores),
        mrr=fmean(ranks),
        mrr_low=means[25],
        mrr_high=means[974],
    )


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0..1) of the values lie; 0.0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
