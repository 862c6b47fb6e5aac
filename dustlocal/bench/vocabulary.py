"""Words that code is made of, drawn as unevenly as in real code, always the same ones.

What makes a search slow is how many passages hold its words. With these numbers a query's words
occur, added up, in .43 times as many passages as there are; the six repositories of the
localisation figures have .34 to .71.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import Final

VERBS: Final = (
    "get set read write load save parse render build create delete update find fetch send receive "
    "open close start stop check validate encode decode merge split filter collect resolve "
    "register apply restore compute format normalize schedule retry cancel commit flush encrypt "
    "compress publish subscribe consume dispatch authorize authenticate migrate replicate "
    "serialize measure trace sample throttle evict prefetch reconcile negotiate"
).split()
NOUNS: Final = (
    "user request response session token file path config client server connection message queue "
    "event record index cache buffer stream header body query result row column table schema key "
    "value node edge graph tree page template form field error warning logger metric counter "
    "timer task job worker thread process pool lock channel socket address host port route "
    "handler middleware filter plugin module package version release branch commit diff patch "
    "review comment issue label account invoice payment order product price discount currency "
    "customer address shipment warehouse stock region cluster shard replica snapshot backup "
    "policy permission role group tenant secret certificate signature digest checksum cursor "
    "viewport canvas sprite shader vertex matrix kernel tensor gradient epoch dataset corpus "
    "tokenizer embedding passage citation document paragraph glyph locale calendar deadline "
    "reminder attachment thumbnail transcript waveform codec packet frame segment manifest"
).split()
QUALITIES: Final = (
    "new old current pending expired empty stale cached local remote primary secondary internal "
    "external default custom shared private temporary partial total maximum minimum average "
    "recent nested sorted unique optional required active idle broken trusted unknown raw"
).split()


_ONSETS: Final = "b br c cl d dr f fl g gr h k l m n p pl qu r s sh st t th tr v w z".split()
_RIMES: Final = "a an ar e el en er i in is o on or u um".split()
_NAMES: Final = 6_000
"""As many names of one project's own as a large repository has."""

_VERBS_OF_A_TOPIC: Final = 10
_QUALITIES_OF_A_TOPIC: Final = 8


def _steps(count: int) -> tuple[float, ...]:
    """Cumulative weights 1, 1/2, 1/3, ...: the frequency of words by their rank (Zipf's law)."""
    return tuple(accumulate(1 / rank for rank in range(1, count + 1)))


@cache
def _names() -> tuple[str, ...]:
    """Words that mean nothing outside their project, as half of the words in code do."""
    rng = random.Random("names")  # noqa: S311 - made-up code, not a secret
    made: dict[str, None] = {}
    while len(made) < _NAMES:
        parts = (rng.choice(_ONSETS) + rng.choice(_RIMES) for _ in range(rng.randint(2, 3)))
        made["".join(parts)] = None
    return tuple(made)


def _mixed(rng: random.Random, everyday: Sequence[str], count: int) -> list[str]:
    """`count` words, about half of them the project's own."""
    own = rng.choices(_names(), cum_weights=_name_steps(), k=count)
    return [rng.choice(pair) for pair in zip(rng.sample(everyday, count), own, strict=True)]


@cache
def _name_steps() -> tuple[float, ...]:
    return _steps(_NAMES)


@dataclass(frozen=True, slots=True)
class Words:
    """A draw of words about a topic: the few that one file, or one query, is made of."""

    rng: random.Random
    nouns: Sequence[str]
    verbs: Sequence[str]
    qualities: Sequence[str]
    steps: tuple[float, ...]

    @classmethod
    def for_topic(cls, seed: str, nouns: int = 14) -> Words:
        """Words about some nouns; equal seeds draw equal words."""
        rng = random.Random(seed)  # noqa: S311 - made-up code, not a secret
        return cls(
            rng,
            _mixed(rng, NOUNS, nouns),
            _mixed(rng, VERBS, _VERBS_OF_A_TOPIC),
            _mixed(rng, QUALITIES, _QUALITIES_OF_A_TOPIC),
            _steps(nouns),
        )

    def noun(self) -> str:
        """A noun of the topic, its first ones far more often."""
        return self.rng.choices(self.nouns, cum_weights=self.steps)[0]

    def verb(self) -> str:
        """A verb of the topic."""
        return self.rng.choice(self.verbs)

    def quality(self) -> str:
        """An adjective of the topic."""
        return self.rng.choice(self.qualities)

    def sentence(self) -> str:
        """Ten words or so, as in a comment."""
        return (
            f"{self.verb().capitalize()} the {self.quality()} {self.noun()} before the "
            f"{self.noun()} can {self.verb()} its {self.noun()}."
        )

    def phrase(self) -> str:
        """Four to eight words, as in a commit's subject."""
        words = [self.verb(), self.quality(), self.noun(), self.noun(), "when", self.noun()]
        tail = [self.verb(), self.noun()]
        return " ".join((words + tail)[: self.rng.randint(4, 8)])


def phrases(count: int, seed: str = "queries") -> list[str]:
    """Queries about many topics."""
    return [Words.for_topic(f"{seed}/{number}").phrase() for number in range(count)]
