"""Words of code and prose, as the lexical index and its queries share them.

Identifiers are split (camelCase, snake_case, digits) and kept whole as well, so that both
`getUserName` and "user name" find it. FTS5 then folds case and stems (porter over unicode61
with `_` as a letter). The path gets a column of its own: its parts, the file's stem twice and
the last three folder names, which is where a repository says what a file is about.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

_WORD: Final = re.compile(r"\w+")
_PART: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_a-zA-Z]+")
# Longer runs of letters are data (base64, hashes of hashes), never a word that someone types.
MAX_WORD: Final = 64
# A query of 100 KB is answered by its first distinct words; more only slow the scan.
MAX_QUERY_TERMS: Final = 96

# English function words, and words that every question about code holds. Leaving the list out
# cost up to .07 recall@5 in commit-subject -> file search over six repositories.
_STOP_LIST: Final = """
a about above after again all also am an and any are as at be because been before being below
between both but by can cannot could did do does doing done don down during each either else
ever every few for from further had has have having he her here hers him his how however i if
in into is it its itself just let like me more most my no nor not now of off on once only or
other our out over own please same she should so some such than that the their them then there
these they this those through to too under until up upon us use used uses using very was way we
were what when where whether which while who whom whose why will with within without would you
your yours
"""
STOP_WORDS: Final = frozenset(_STOP_LIST.split())


@lru_cache(maxsize=1 << 16)
def split_identifier(word: str) -> tuple[str, ...]:
    """The parts of a compound identifier, () for a plain word: `fooBar_2` -> foo, Bar, 2."""
    parts = _PART.findall(word)
    if len(parts) < 2:
        return tuple(parts) if parts and parts[0] != word and "_" in word else ()
    return tuple(parts)


@lru_cache(maxsize=1 << 16)
def _expanded(word: str) -> str:
    if len(word) > MAX_WORD:
        return ""
    parts = split_identifier(word)
    return f"{word} {' '.join(parts)}" if parts else word


def body_words(text: str) -> str:
    """The words of a text with the parts of its identifiers, in order, ready for FTS5."""
    return " ".join(map(_expanded, _WORD.findall(text)))


def path_words(path: str) -> str:
    """A path's parts, its stem twice more and its last three folders once more."""
    *folders, name = path.split("/")
    stem = name.split(".")[0] or name.strip(".")
    return body_words(" ".join([path.replace("/", " "), stem, stem, *folders[-3:]]))


def symbol_words(symbol: str, defines: Iterable[str]) -> str:
    """The words of a dotted or heading path and of the names defined in a chunk."""
    return body_words(" ".join([symbol, *defines]))


def _raw_terms(query: str) -> Iterator[str]:
    for match in _WORD.finditer(query):
        word = match.group()
        if len(word) > MAX_WORD:
            continue
        yield word.lower()
        for part in split_identifier(word):
            yield part.lower()


def query_terms(query: str) -> list[str]:
    """Distinct lower-case search terms in order, less the stop list (kept if nothing else is left).

    Single letters and digits are dropped unless they are all there is.
    """
    distinct = list(dict.fromkeys(_raw_terms(query)))
    telling = [t for t in distinct if t not in STOP_WORDS and (len(t) > 1 or not t.isascii())]
    return (telling or distinct)[:MAX_QUERY_TERMS]


def identifiers(query: str) -> list[str]:
    """The query's words that name something in code: compound ones, called ones, a lone word.

    `fix retry_after` names `retry_after`, `open()` names `open`, "retry" alone names `retry`.
    """
    words = [m for m in _WORD.finditer(query) if len(m.group()) <= MAX_WORD]
    if len(words) == 1:
        return [words[0].group()]
    named = [
        word.group()
        for word in words
        if len(split_identifier(word.group())) > 1 or query[word.end() : word.end() + 1] == "("
    ]
    return [word for word in dict.fromkeys(named) if not word.isdigit()][:MAX_QUERY_TERMS]


def match_any(terms: Iterable[str]) -> str:
    """An FTS5 expression that matches any of the terms. Each is quoted, so no operator is read."""
    return " OR ".join('"' + term.replace('"', '""') + '"' for term in terms)
