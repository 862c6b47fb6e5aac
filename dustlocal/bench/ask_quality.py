"""How good answers are: a golden set of questions over known repositories.

    python -m dustlocal.bench.ask_quality --repos DIR --golden tests/data/golden/ask.jsonl

Each line of the golden set is a question, the repository (a folder below DIR) it is asked of, and
the places that a right answer cites; none means that the repository has no answer and the
question must be refused. A place is a path (a regular expression for the whole path), a pattern
that its first line matches and a number of lines, or a pattern for a commit's subject: it holds
for neighbouring versions of the repository too.
"""

from __future__ import annotations

import json
import re
import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import click
import msgspec

from dustlocal.answers.ask import Reading, ask
from dustlocal.api import AskRequest, AskResponse, Citation, Scope
from indexer.embed.protocol import Embedder
from indexer.index import Index
from indexer.model import Source
from indexer.search.query import Query, QueryEmbedder, SearchResult


class Accepted(msgspec.Struct, frozen=True):
    """A place that a right answer cites."""

    path: str = ""
    at: str = ""
    lines: int = 1
    commit: str = ""


class GoldenQuestion(msgspec.Struct, frozen=True):
    """A question with its accepted places; none: it must be refused. `half` is A or B."""

    id: str
    half: str
    repo: str
    question: str
    accept: tuple[Accepted, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one question. Milliseconds cover retrieval and extraction."""

    id: str
    question: str
    answerable: bool
    refused: bool
    first_hit: bool
    any_hit: bool
    characters: int
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Quality:
    """The figures. Hits are shares of the answerable; refusals are judged over all questions."""

    answerable: int
    unanswerable: int
    hit_first: float
    hit_any: float
    refusal_precision: float
    refusal_recall: float
    median_characters: float
    milliseconds_p50: float


def load_golden(path: Path) -> list[GoldenQuestion]:
    """The questions of a JSON Lines file."""
    decoder = msgspec.json.Decoder(GoldenQuestion)
    return [decoder.decode(line) for line in path.read_bytes().splitlines() if line.strip()]


def is_accepted(citation: Citation, accepted: Iterable[Accepted], root: Path, text: str) -> bool:
    """Whether a citation meets one of the places. `text` is a cited commit's text."""
    return any(_meets(citation, place, root, text) for place in accepted)


def _meets(citation: Citation, place: Accepted, root: Path, text: str) -> bool:
    if place.commit or citation.commit:
        subject = text.split("\n", 1)[0]
        return bool(citation.commit and place.commit and re.search(place.commit, subject))
    if not re.fullmatch(place.path, citation.path):
        return False
    starts = _matching_lines(str(root / citation.path), place.at)
    return any(
        citation.start_line < start + place.lines and start <= citation.end_line for start in starts
    )


@cache
def _matching_lines(path: str, pattern: str) -> tuple[int, ...]:
    text = Path(path).read_text(encoding="utf-8", errors="replace")
    found = re.compile(pattern)
    return tuple(n for n, line in enumerate(text.split("\n"), 1) if found.search(line))


def judge(
    golden: GoldenQuestion,
    response: AskResponse,
    root: Path,
    reading: Reading,
    source: Source,
    milliseconds: float,
) -> Judged:
    """Compare a response with what the golden set accepts."""
    cited = [] if response.refused else response.citations
    hits = [
        is_accepted(
            citation,
            golden.accept,
            root,
            (reading.commit(source.id, citation.commit) or "") if citation.commit else "",
        )
        for citation in cited
    ]
    return Judged(
        id=golden.id,
        question=golden.question,
        answerable=bool(golden.accept),
        refused=response.refused,
        first_hit=bool(hits) and hits[0],
        any_hit=any(hits),
        characters=len(response.answer),
        milliseconds=milliseconds,
    )


def summarise(judged: Sequence[Judged]) -> Quality:
    """The figures over some questions."""
    answerable = [one for one in judged if one.answerable]
    refused = [one for one in judged if one.refused]
    unanswerable = len(judged) - len(answerable)
    rightly = sum(not one.answerable for one in refused)
    return Quality(
        answerable=len(answerable),
        unanswerable=unanswerable,
        hit_first=_ratio(sum(one.first_hit for one in answerable), len(answerable)),
        hit_any=_ratio(sum(one.any_hit for one in answerable), len(answerable)),
        refusal_precision=_ratio(rightly, len(refused)),
        refusal_recall=_ratio(rightly, unanswerable),
        median_characters=statistics.median(
            [one.characters for one in answerable if not one.refused] or [0]
        ),
        milliseconds_p50=round(statistics.median([one.milliseconds for one in judged] or [0]), 1),
    )


def _ratio(part: int, whole: int) -> float:
    return round(part / whole, 3) if whole else 0.0


class GoldenRun:
    """The questions asked of repositories indexed in one folder."""

    def __init__(self, index: Index, embedder: Embedder | None) -> None:
        self._index = index
        self._embedder = embedder

    def prepare(self, root: Path) -> Source:
        """Index a repository with its commits and, with an embedder, its vectors."""
        source = self._index.add(str(root))
        self._index.refresh(source.id)
        self._index.refresh_commits(source.id)
        if self._embedder is not None:
            self._index.embed_pending(source.id, self._embedder)
        return source

    def reading(self) -> Reading:
        """The index as answering reads it."""
        embedder = self._embedder
        query_embedder = (
            None
            if embedder is None
            else QueryEmbedder(embedder.id, embedder.dimension, embedder.embed_query)
        )

        def search(query: Query) -> SearchResult:
            return self._index.search(query, query_embedder)

        return Reading(search, self._index.lines, self._index.commit)

    def run(self, golden: Sequence[GoldenQuestion], repos: Path) -> Iterator[Judged]:
        """Ask each question and judge the answer."""
        sources: dict[str, Source] = {}
        reading = self.reading()
        for question in golden:
            root = repos / question.repo
            if question.repo not in sources:
                sources[question.repo] = self.prepare(root)
            source = sources[question.repo]
            began = time.perf_counter()
            request = AskRequest(question=question.question, scope=Scope())
            response = ask(request, sources=[source], reading=reading)
            took = (time.perf_counter() - began) * 1000
            yield judge(question, response, root, reading, source, took)


def open_embedder() -> Embedder:
    """The default embedder, from the weights on this machine."""
    from indexer.embed import MiniLmEmbedder, find_weights  # noqa: PLC0415

    return MiniLmEmbedder(find_weights([]), threads=2)


@click.command(help=__doc__)
@click.option(
    "--repos", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True
)
@click.option(
    "--golden",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=Path("tests/data/golden/ask.jsonl"),
    show_default=True,
)
@click.option("--half", type=click.Choice(["A", "B"]), help="A tunes, B is held out.")
@click.option("--index", "folder", type=click.Path(path_type=Path), help="Keep the index here.")
@click.option("--lexical", is_flag=True, help="Without vectors.")
@click.option("--json", "as_json", is_flag=True)
def main(
    repos: Path, golden: Path, half: str | None, folder: Path | None, lexical: bool, as_json: bool
) -> None:
    questions = [one for one in load_golden(golden) if half in (None, one.half)]
    with tempfile.TemporaryDirectory() as scratch:
        index = Index(folder or Path(scratch))
        run = GoldenRun(index, None if lexical else open_embedder())
        judged = []
        for one in run.run(questions, repos):
            judged.append(one)
            click.echo(_row(one), err=True)
        index.close()
    quality = asdict(summarise(judged))
    if as_json:
        click.echo(json.dumps(quality))
        return
    for name, value in quality.items():
        click.echo(f"{name.replace('_', ' '):20} {value}")


def _row(one: Judged) -> str:
    if one.answerable:
        outcome = "first" if one.first_hit else "hit" if one.any_hit else "miss"
        outcome = "refused" if one.refused else outcome
    else:
        outcome = "refused, rightly" if one.refused else "answered, wrongly"
    return f"{one.id:10} {outcome:18} {one.question[:90]}"


if __name__ == "__main__":
    main()
