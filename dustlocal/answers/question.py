"""What a question asks: its kind, the words that carry it, and the literal pieces in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from indexer.errors import QueryError

from .words import STOP_WORDS, WEAK_WORDS, is_foreign, keys, parts, stem, words

# A pasted log can be 100 KB; what tells its subject is near its ends, and the embedding model
# reads 256 tokens anyway.
_HEAD_CHARACTERS = 6_000
_TAIL_CHARACTERS = 2_000
_MOST_TERMS = 32
_QUERY_CHARACTERS = 1_000


class Asking(StrEnum):
    """The kind of answer that is wanted."""

    WHERE = "where"
    HOW = "how"
    HOWTO = "how-to"
    WHAT = "what"
    VALUE = "value"
    WHY = "why"
    WHEN = "when"
    CALLERS = "callers"
    TOPIC = "topic"


@dataclass(frozen=True, slots=True)
class Term:
    """A word of the question. `keys[0]` is its whole form, the rest are an identifier's pieces.

    `weight` is 1 for an ordinary word, more for an identifier or a name, less for a word that
    any question about programs has.
    """

    text: str
    keys: tuple[str, ...]
    weight: float
    is_identifier: bool = False
    is_name: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """A question, analysed. `query` is what to search for; `phrases` are quoted literals."""

    text: str
    query: str
    asking: Asking
    terms: tuple[Term, ...]
    phrases: tuple[str, ...]
    about_tests: bool
    about_history: bool


_ASKING: tuple[tuple[Asking, re.Pattern[str]], ...] = tuple(
    (asking, re.compile(pattern, re.IGNORECASE))
    for asking, pattern in (
        (
            Asking.CALLERS,
            r"\b(who|what|which \w+|where)\b.{0,40}?\b(calls?|uses?|invokes?|imports?)\b(?! for\b)"
            r"|\b(callers?|usages?|call sites?|references) (of|to)\b"
            r"|\bwhere\b.{0,60}\b(called|used|invoked|instantiated|referenced|raised)\b",
        ),
        (
            Asking.WHEN,
            r"^\W*(since )?when (was|were|did|has|have)\b|\bsince (when|which|what)\b"
            r"|\b(which|what) (commit|release|version)\b|\bwho (added|changed|wrote|removed|made)\b"
            r"|\bhistory of\b|\bwhat changed\b",
        ),
        (Asking.WHY, r"\bwhy\b|\b(reason|rationale|motivation)\b|\bhow come\b|\bwhat for\b"),
        (
            Asking.VALUE,
            r"\bdefaults?\b|\b(what|which) (port|value|timeout|limit|size|number|version)\b"
            r"|\bhow (many|much|long|big|large|often|deep)\b|\b(maximum|minimum|max|min)\b",
        ),
        (
            Asking.HOWTO,
            r"\bhow (do|can|could|should|would|might) (i|we|you|one|people|users?|someone)\b"
            r"|\bhow to\b|\bsteps to\b|\b(can|could|may|should) (i|we|you|one)\b",
        ),
        (
            Asking.WHERE,
            r"\bwhere\b|\b(which|what) (file|module|class|function|method|struct|type|package|"
            r"place|part|code|line|folder|directory)\b|\b(find|locate) (the|a)?\b"
            r"|\bdefinition of\b|\bdefined\b",
        ),
        (Asking.HOW, r"\bhow\b|\bwhat happens\b|\bwhat does\b.{0,60}\bdo\b|\bexplain\b"),
        (
            Asking.WHAT,
            r"\b(what|which|who|whose)\b|^\W*(is|are|does|do|did|has|have|can|will|must)\b",
        ),
    )
)
_QUOTED = re.compile(r"`([^`\n]{2,200})`|\"([^\"\n]{3,200})\"|“([^”\n]{3,200})”")
_TESTS = re.compile(r"\b(tests?|tested|testing|specs?|fixtures?|examples?|benchmarks?)\b", re.I)
_HISTORY = re.compile(
    r"\b(changelog|release notes|commits?|histor\w+|introduced|since|deprecat\w+|removed)\b", re.I
)
_MARKED = re.compile(r"[A-Za-z_][\w]*(?:(?:\.|::|->|/)[\w.-]+)+|[A-Za-z_]\w*(?:\(\)|(?==\S))")


def analyse(text: str) -> Question:
    """The analysis of a question.

    Raises `QueryError` when there is nothing to look for.
    """
    text = text.replace("\0", " ").strip()
    if not text:
        raise QueryError("the question is empty", hint='ask something: dustlocal ask "…"')
    text = _bounded(text)
    return Question(
        text=text,
        query=_query(text),
        asking=_asking(text),
        terms=_terms(text),
        phrases=_phrases(text),
        about_tests=bool(_TESTS.search(text)),
        about_history=bool(_HISTORY.search(text)),
    )


def _bounded(text: str) -> str:
    if len(text) <= _HEAD_CHARACTERS + _TAIL_CHARACTERS:
        return text
    return text[:_HEAD_CHARACTERS] + "\n" + text[-_TAIL_CHARACTERS:]


def _query(text: str) -> str:
    """The text to search for: the lines that ask come first when not everything fits."""
    if len(text) <= _QUERY_CHARACTERS:
        return text
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    lines.sort(key=lambda line: not line.endswith("?"))
    return " ".join(lines)[:_QUERY_CHARACTERS]


def _asking(text: str) -> Asking:
    lines = [line for line in text.splitlines() if line.strip()]
    asks = next((line for line in lines if line.rstrip().endswith("?")), lines[0])[:400]
    for asking, pattern in _ASKING:
        if pattern.search(asks):
            return asking
    return Asking.TOPIC


def _phrases(text: str) -> tuple[str, ...]:
    found = ("".join(groups) for groups in _QUOTED.findall(text))
    return tuple(dict.fromkeys(phrase.strip() for phrase in found if phrase.strip()))[:8]


def _terms(text: str) -> tuple[Term, ...]:
    marked = _marked_words(text)
    found: dict[str, Term] = {}
    starts_sentence = True
    for token in re.finditer(r"[^\s]+", text):
        for word in words(token.group()):
            term = _term(word, is_marked=word in marked, starts_sentence=starts_sentence)
            starts_sentence = False
            if term is not None and _outweighs(term, found.get(term.keys[0])):
                found[term.keys[0]] = term
        starts_sentence = token.group()[-1] in ".?!:"
    if is_foreign(text):
        found = {key: _translated(term) for key, term in found.items()}
    ranked = sorted(found.values(), key=lambda term: -term.weight)[:_MOST_TERMS]
    kept = {term.keys[0] for term in ranked}
    return tuple(term for key, term in found.items() if key in kept)


def _translated(term: Term) -> Term:
    """In a foreign question only what is code keeps its weight: the rest can't be looked up."""
    return term if term.is_identifier or term.weight > 1.2 else replace(term, weight=0.2)


def _outweighs(term: Term, other: Term | None) -> bool:
    return other is None or term.weight > other.weight


def _marked_words(text: str) -> frozenset[str]:
    """Words that punctuation marks as code: quoted, called, or part of a dotted name or a path."""
    pieces = [*_MARKED.findall(text)]
    pieces += [groups[0] for groups in _QUOTED.findall(text) if groups[0]]
    return frozenset(word for piece in pieces for word in words(piece))


def _term(word: str, *, is_marked: bool, starts_sentence: bool) -> Term | None:
    lowered = word.lower()
    is_identifier = len(parts(word)) > 1 or "_" in word.strip("_")
    if not is_identifier and (lowered in STOP_WORDS or (len(word) == 1 and word.isascii())):
        return None
    if is_identifier:
        pieces = tuple(stem(piece) for piece in parts(word) if len(piece) > 1)
        whole = keys(word)[0]
        return Term(word, (whole, *pieces) if len(pieces) > 1 else (whole,), 1.6, True, True)
    is_name = not starts_sentence and word[0].isupper()
    if is_marked:
        return Term(word, (stem(word),), 1.3, is_name=True)
    if lowered in WEAK_WORDS:
        return Term(word, (stem(word),), 0.25)
    return Term(word, (stem(word),), 1.2 if is_name else 1.0, is_name=is_name)
