"""How well a text's words cover a question's, each word weighed by how rare it is in the index."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from .question import Term
from .words import is_misspelling, is_near_form, keys_of, stem

_PIECES_ONLY = 0.7
_SOURCE_NAME_WEIGHT = 0.15

Strengths = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Matcher:
    """Terms with their weights (they sum to 1), and the forms that count as each.

    `forms[i]` maps a key to how surely it stands for term i (1 for itself). `absent` are the
    indices of terms that the index holds in no form.
    """

    terms: tuple[Term, ...]
    weights: tuple[float, ...]
    forms: tuple[Mapping[str, float], ...]
    absent: frozenset[int]

    def strengths(self, keys: AbstractSet[str]) -> Strengths:
        """Per term how surely the keys hold it, 0 to 1."""
        return tuple(map(self._strength, self.terms, self.forms, [keys] * len(self.terms)))

    def _strength(self, term: Term, forms: Mapping[str, float], keys: AbstractSet[str]) -> float:
        whole = 0.0
        for form, sure in forms.items():
            if sure > whole and form in keys:
                whole = sure
        pieces = term.keys[1:]
        if whole or not pieces:
            return whole
        found = sum(piece in keys for piece in pieces) / len(pieces)
        return _PIECES_ONLY * found if found == 1.0 else 0.4 * found

    def coverage(self, strengths: Strengths) -> float:
        """The share of the question's weight that is covered, 0 to 1."""
        return sum(map(float.__mul__, self.weights, strengths))


def matcher_of(
    terms: Sequence[Term],
    vocabulary: Collection[str],
    frequency: Mapping[str, int],
    chunk_count: int,
    source_names: Iterable[str],
) -> Matcher:
    """A matcher for what was retrieved.

    `vocabulary` are the keys of the retrieved texts; `frequency` says in how many of the
    `chunk_count` chunks of the scope a term occurs (a term it lacks is judged by the vocabulary).
    """
    known = vocabulary if isinstance(vocabulary, AbstractSet) else set(vocabulary)
    own_names = {key for name in source_names for key in keys_of(name)}
    counts = _by_stem(frequency)
    forms = tuple(_forms(term, known) for term in terms)
    raw: list[float] = []
    absent: set[int] = set()
    for number, term in enumerate(terms):
        count = _count(term, counts)
        if _is_absent(term, forms[number], known, count):
            absent.add(number)
        weight = term.weight * _rarity(count, chunk_count)
        raw.append(weight * (_SOURCE_NAME_WEIGHT if own_names & set(term.keys) else 1.0))
    total = sum(raw) or 1.0
    weights = tuple(weight / total for weight in raw)
    return Matcher(tuple(terms), weights, forms, frozenset(absent))


def _by_stem(frequency: Mapping[str, int]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for word, count in frequency.items():
        for key in {word, stem(word)}:
            counts[key] = max(count, counts.get(key, 0))
    return counts


def _count(term: Term, counts: Mapping[str, int]) -> int | None:
    return counts.get(term.keys[0], counts.get(term.text.lower()))


def _rarity(count: int | None, chunk_count: int) -> float:
    """Inverse document frequency, scaled so that a word no chunk holds has 1."""
    if count is None or chunk_count < 2:
        return 0.7
    return math.log(1 + chunk_count / (1 + count)) / math.log(1 + chunk_count)


def _is_absent(
    term: Term, forms: Mapping[str, float], known: AbstractSet[str], count: int | None
) -> bool:
    return not count and not any(form in known for form in forms)


def _forms(term: Term, vocabulary: AbstractSet[str]) -> dict[str, float]:
    asked = term.keys[0]
    forms = {asked: 1.0}
    if len(asked) < 4:
        return forms
    for key in vocabulary:
        if key[0] != asked[0] or key == asked:
            continue
        if not term.is_identifier and is_near_form(asked, key):
            forms[key] = 0.8
    if asked not in vocabulary and len(forms) == 1:
        slips = (key for key in vocabulary if is_misspelling(asked, key))
        forms.update(dict.fromkeys(slips, 0.75))
    return forms
