"""How well each unit answers: coverage of the question, what kind of piece it is, where it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from indexer.model import Kind

from .matching import Matcher, Strengths
from .question import Asking, Question
from .units import Shape, Unit
from .words import name_keys, parts, stem, words

_COVERAGE, _NAME, _RANK = 0.60, 0.15, 0.30
_CONTEXT = 0.5
_ASKED_NAME = 0.6
_PHRASE, _PAIRS, _RUNS = 0.5, 0.25, 0.5
_LONGEST_SENTENCE = 420

# What sort of piece answers which sort of question; 1 where nothing is said.
_FITNESS: dict[Asking, dict[Shape, float]] = {
    Asking.WHERE: {Shape.DEFINITION: 1.5, Shape.ASSIGNMENT: 1.1, Shape.SENTENCE: 0.7,
                   Shape.LISTING: 0.5, Shape.ENTRY: 0.8},
    Asking.HOW: {Shape.SENTENCE: 1.1, Shape.REMARK: 1.1, Shape.DEFINITION: 1.1,
                 Shape.LISTING: 0.7},
    Asking.HOWTO: {Shape.SENTENCE: 1.2, Shape.LISTING: 1.2, Shape.ENTRY: 1.1,
                   Shape.STATEMENT: 0.7, Shape.ASSIGNMENT: 0.7, Shape.DEFINITION: 0.9},
    Asking.WHAT: {Shape.SENTENCE: 1.15, Shape.REMARK: 1.15, Shape.ENTRY: 1.2,
                  Shape.DEFINITION: 1.1, Shape.LISTING: 0.6, Shape.STATEMENT: 0.85},
    Asking.VALUE: {Shape.ASSIGNMENT: 1.25, Shape.ENTRY: 1.25, Shape.DEFINITION: 1.1,
                   Shape.LISTING: 0.7},
    Asking.WHY: {Shape.SENTENCE: 1.15, Shape.REMARK: 1.2, Shape.SUBJECT: 1.1,
                 Shape.STATEMENT: 0.7, Shape.DEFINITION: 0.8, Shape.LISTING: 0.5,
                 Shape.ASSIGNMENT: 0.7},
    Asking.WHEN: {Shape.SUBJECT: 1.4, Shape.STATEMENT: 0.6, Shape.DEFINITION: 0.6,
                  Shape.ASSIGNMENT: 0.6, Shape.LISTING: 0.4},
    Asking.CALLERS: {Shape.STATEMENT: 1.3, Shape.ASSIGNMENT: 1.25, Shape.SENTENCE: 0.6,
                     Shape.REMARK: 0.6, Shape.DEFINITION: 0.7, Shape.LISTING: 0.6},
    Asking.TOPIC: {Shape.DEFINITION: 1.2, Shape.ENTRY: 1.1, Shape.LISTING: 0.7},
}  # fmt: skip
_COMMIT_FITNESS = {Asking.WHEN: 1.35, Asking.WHY: 1.15}
_COMMIT_OTHERWISE = 0.45

_REASON = re.compile(
    r"\b(because|so that|in order to|to avoid|avoids?|otherwise|prevents?|due to|since|ensures?|"
    r"rather than|instead of|workaround|work around|reason|therefore|this means|to allow|allows|"
    r"no longer|needed (to|for)|must not|would)\b",
    re.IGNORECASE,
)
_LITERAL = re.compile(
    r"[=:(]\s*-?\d|[=:]\s*[\"'`\[{]|[=:]\s*`?(?:true|false|none|null|nil)\b|\bdefaults?\b.*[\d`\"']",
    re.IGNORECASE,
)
_DEFINED = re.compile(
    r"\b(?:def|defp|class|func|fn|fun|function\*?|interface|struct|enum|trait|impl|type|module|"
    r"object|protocol|namespace|defmodule|record|#define)\s+(?:\([^)]*\)\s*)?([\w.$]+)"
)
_NAMED = re.compile(r"([\w$]+)[\"']?\s*[({=:<]")

_TESTS = re.compile(
    r"(?:^|/)(?:tests?|testing|specs?|__tests__|testdata|fixtures|bench(?:es|marks?)?)/"
    r"|(?:^|/)(?:test_[^/]*|conftest\.py|[^/]*(?:_test|_spec|\.test|\.spec|Test|Tests)\.\w+)$"
)
# Languages that keep tests beside the code put them in a module or a class of that name.
_TEST_SYMBOL = re.compile(r"(?:^|[.:])(?:tests?|Test[A-Z]\w*|test_\w+)(?:[.:]|$)")
_EXAMPLES = re.compile(r"(?:^|/)(?:examples?|samples?|demos?|_?vendor|third_party)/", re.IGNORECASE)
_HISTORY = re.compile(
    r"(?:^|/)(?:changes|changelog|history|news|releases?|release[-_]notes)(?:\.\w+)?$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Wording:
    """The question's literal wording: quoted pieces, neighbouring words, runs of three words."""

    phrases: tuple[str, ...]
    pairs: frozenset[tuple[str, ...]]
    runs: frozenset[tuple[str, ...]]

    def likeness(self, unit: Unit) -> float:
        """What sharing the question's wording adds: a pasted message finds its own line."""
        score = 0.0
        if self.phrases:
            folded = unit.text.casefold()
            score += _PHRASE * any(phrase in folded for phrase in self.phrases)
        if any(pair[0] in unit.keys and pair[1] in unit.keys for pair in self.pairs):
            stems = [stem(part) for word in words(unit.text) for part in parts(word)]
            score += _PAIRS * _share(self.pairs, _runs_of(stems, 2))
            score += _RUNS * _share(self.runs, _runs_of(stems, 3))
        return score


def _wording(question: Question) -> _Wording:
    stems = [stem(part) for word in words(question.query) for part in parts(word)]
    pairs = _runs_of([term.keys[0] for term in question.terms], 2)
    return _Wording(
        phrases=tuple(phrase.casefold() for phrase in question.phrases),
        pairs=pairs if len(pairs) > 1 else frozenset(),
        runs=_runs_of(stems, 3) if len(stems) > 5 else frozenset(),
    )


def _runs_of(stems: Sequence[str], length: int) -> frozenset[tuple[str, ...]]:
    return frozenset(zip(*(stems[start:] for start in range(length)), strict=False))


def _share(wanted: frozenset[tuple[str, ...]], found: frozenset[tuple[str, ...]]) -> float:
    return len(wanted & found) / len(wanted) if wanted else 0.0


@dataclass(frozen=True, slots=True)
class Scored:
    """A unit with its score (higher is better, about 0 to 2) and which terms its place covers."""

    unit: Unit
    score: float
    strengths: Strengths


def score_units(units: Sequence[Unit], question: Question, matcher: Matcher) -> list[Scored]:
    """The units that touch the question at all, best first."""
    wording = _wording(question)
    around = {context: matcher.strengths(context) for context in {unit.context for unit in units}}
    scored = []
    for unit in units:
        own = matcher.strengths(unit.keys)
        strengths = tuple(
            max(a, _CONTEXT * b) for a, b in zip(own, around[unit.context], strict=True)
        )
        if any(strengths):
            score = _score(unit, own, strengths, question, matcher, wording)
            scored.append(Scored(unit, score, strengths))
    return sorted(scored, key=lambda one: -one.score)


def _score(
    unit: Unit,
    own: Strengths,
    strengths: Strengths,
    question: Question,
    matcher: Matcher,
    wording: _Wording,
) -> float:
    content = _COVERAGE * matcher.coverage(strengths)
    name = defined_name(unit)
    if name:
        named = matcher.strengths(name_keys(name))
        content += _NAME * matcher.coverage(named)
    content += wording.likeness(unit)
    score = (content + _RANK * unit.strength * _own_share(own)) * fitness(unit, question)
    if question.asking is Asking.CALLERS:
        score *= _usage(unit, question, name)
    elif name and _is_asked_name(name, question):
        score *= 1 + min(_ASKED_NAME, matcher.coverage(matcher.strengths(name_keys(name))))
    return score


def _own_share(own: Strengths) -> float:
    """A unit that holds no word of the question itself borrows little from its passage's rank."""
    return 1.0 if any(own) else 0.4


def fitness(unit: Unit, question: Question) -> float:
    """How apt this kind of piece, in this kind of file, is for this kind of question."""
    factor = _FITNESS[question.asking].get(unit.shape, 1.0)
    factor *= path_fitness(unit.block.path, question)
    if not question.about_tests and _TEST_SYMBOL.search(unit.symbol):
        factor *= 0.4
    if unit.block.kind is Kind.COMMIT:
        factor *= _COMMIT_FITNESS.get(question.asking, _COMMIT_OTHERWISE)
    if question.asking is Asking.WHY and _REASON.search(unit.text):
        factor *= 1.3
    if question.asking is Asking.VALUE:
        factor *= 1.2 if _LITERAL.search(unit.text) else 0.6
    return factor * _length_fitness(unit)


def path_fitness(path: str, question: Question) -> float:
    """Tests, examples and change logs answer only questions about them."""
    factor = 1.0
    if not question.about_tests:
        factor *= 0.4 if _TESTS.search(path) else 1.0
        factor *= 0.6 if _EXAMPLES.search(path) else 1.0
    historical = question.about_history or question.asking in (Asking.WHEN, Asking.WHY)
    return factor if historical or not _HISTORY.search(path) else factor * 0.5


def _length_fitness(unit: Unit) -> float:
    if unit.is_code:
        lines = unit.text.count("\n") + 1
        return 1.0 if lines <= 8 else 0.85
    if len(unit.text) > _LONGEST_SENTENCE:
        return 0.6 if unit.shape is not Shape.ENTRY else 0.9
    if len(unit.text.split()) < 4 or unit.text.endswith((":", "?")):
        return 0.6
    return 1.0


def defined_name(unit: Unit) -> str:
    """The name that a definition or an assignment introduces, "" for other pieces."""
    if unit.shape not in (Shape.DEFINITION, Shape.ASSIGNMENT):
        return ""
    first = unit.text.split("\n", 1)[0]
    match = _DEFINED.search(first) or _NAMED.search(first)
    return match.group(1).rsplit(".", 1)[-1] if match else ""


def _is_asked_name(name: str, question: Question) -> bool:
    """A plain word names a definition only where the question says little else.

    A pasted message is no question about the class that its first word names.
    """
    folded = name.strip("_").lower()
    telling = [term for term in question.terms if term.weight >= 1.0]
    if question.asking is Asking.TOPIC and len(telling) > 3:
        return False
    return any(
        folded == term.text.strip("_").lower()
        for term in telling
        if term.is_identifier or term.is_name or len(telling) <= 2
    )


def _usage(unit: Unit, question: Question, name: str) -> float:
    """Callers are asked for: a line that uses the name, not the one that defines it."""
    if name and unit.shape is Shape.DEFINITION and _is_asked_name(name, question):
        return 0.2
    asked = [term.text for term in question.terms if term.is_identifier or term.is_name]
    if not asked:
        return 1.0
    if not any(re.search(rf"\b{re.escape(word)}\b", unit.text) for word in asked):
        return 0.3
    called = any(re.search(rf"\b{re.escape(word)}\b\s*\(", unit.text) for word in asked)
    return 1.5 if called else 1.0
