"""What to search for a question: code and documents always, commits too, weighed by its kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from indexer.model import Kind, Passage, SourceId
from indexer.search.query import Query, SearchResult

from .question import Asking, Question

PLACES = 40
# Callers sit deep in files whose best chunk is something else; the ranking shows few of a file.
_PLACES_OF_CALLERS = 80
_COMMITS = 8
_COMMITS_FOR_HISTORY = 20


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What was found, apart because the two searches' scores can't be compared."""

    places: SearchResult
    commits: tuple[Passage, ...]

    @property
    def passages(self) -> tuple[Passage, ...]:
        """Everything found, places first."""
        return self.places.passages + self.commits


def retrieve(
    question: Question,
    search: Callable[[Query], SearchResult],
    sources: Sequence[SourceId],
    prefix: Mapping[SourceId, str],
) -> Retrieved:
    """Run the searches of a question. A subtree has no commits of its own."""
    scope = tuple(sources)
    k = _PLACES_OF_CALLERS if question.asking is Asking.CALLERS else PLACES
    places = search(Query(_places_query(question), scope, k=k, prefix=prefix, count_terms=True))
    whole = tuple(source for source in scope if not prefix.get(source))
    if not whole:
        return Retrieved(places, ())
    historical = question.asking in (Asking.WHY, Asking.WHEN) or question.about_history
    found = search(
        Query(
            question.query,
            whole,
            k=_COMMITS_FOR_HISTORY if historical else _COMMITS,
            kinds=frozenset({Kind.COMMIT}),
        )
    )
    return Retrieved(places, found.passages)


def _places_query(question: Question) -> str:
    """The question, or only the names whose callers are asked for."""
    names = [term.text for term in question.terms if term.is_identifier or term.is_name]
    if question.asking is Asking.CALLERS and names:
        return " ".join(names)
    return question.query
