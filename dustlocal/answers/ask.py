"""The use case: a question over some sources becomes a cited answer, or an honest refusal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from dustlocal.api import AskRequest, AskResponse, Citation, CoverageInfo, Place
from indexer.errors import QueryError
from indexer.model import Coverage, Kind, Source, SourceId
from indexer.search.query import Query, SearchResult

from .coverage import coverage_info
from .evidence import Evidence, weigh
from .matching import Matcher, matcher_of
from .pack import Block, pack
from .question import Question, analyse
from .render import Line, refusal, render
from .retrieve import Retrieved, retrieve
from .score import Scored, score_units
from .select import select_units
from .units import Unit, units_of
from .verify import MOST_CITED_LINES, Candidate, Verified, Verifier

_TEXT_CHARACTERS = 1_050
_MOST_FURTHER = 5
_READ_CLOSELY = 16


@dataclass(frozen=True, slots=True)
class Reading:
    """All the I/O that answering needs: search, and the indexed text of lines and of commits."""

    search: Callable[[Query], SearchResult]
    lines: Callable[[SourceId, str, int, int], str | None]
    commit: Callable[[SourceId, str], str | None]


@dataclass(frozen=True, slots=True)
class Findings:
    """What extraction made of a question: the evidence, and the verified lines of an answer."""

    blocks: tuple[Block, ...]
    matcher: Matcher
    evidence: Evidence
    lines: tuple[Line, ...]


def ask(
    request: AskRequest,
    *,
    sources: Sequence[Source],
    reading: Reading,
    prefix: Mapping[SourceId, str] | None = None,
) -> AskResponse:
    """Answer by extraction.

    `prefix` restricts a source to a subtree. Raises `QueryError` for an empty question and for
    an empty scope.
    """
    question = analyse(request.question)
    if not sources:
        raise QueryError("there is nothing to search", hint="add a folder: dustlocal add PATH")
    found = retrieve(question, reading.search, [source.id for source in sources], prefix or {})
    findings = extract(question, found, sources, reading)
    return _response(findings, found.places.coverage, sources)


def extract(
    question: Question, found: Retrieved, sources: Sequence[Source], reading: Reading
) -> Findings:
    """From what was retrieved to verified lines. Pure but for reading back what is cited."""
    blocks = pack(found.places.passages) + pack(found.commits)
    matcher = matcher_of(
        question.terms,
        _vocabulary(blocks),
        found.places.term_frequency,
        found.places.chunk_count,
        [source.name for source in sources],
    )
    units = [unit for block in promising(blocks, matcher) for unit in units_of(block)]
    scored = score_units(units, question, matcher)
    selection = select_units(scored, units, characters=_TEXT_CHARACTERS)
    lines = _verified(selection.units, sources, reading)
    places = tuple(block for block in blocks if block.kind is not Kind.COMMIT)
    evidence = weigh(question, matcher, places, selection.units)
    return Findings(blocks, matcher, evidence, lines)


def promising(blocks: Sequence[Block], matcher: Matcher) -> list[Block]:
    """The blocks worth reading closely: by rank and by how much of the question they cover."""

    def promise(block: Block) -> float:
        return block.strength + matcher.coverage(matcher.strengths(block.keys))

    return sorted(blocks, key=promise, reverse=True)[:_READ_CLOSELY]


def _vocabulary(blocks: Sequence[Block]) -> frozenset[str]:
    return frozenset().union(*(block.keys for block in blocks))


def _verified(
    chosen: Sequence[Scored], sources: Sequence[Source], reading: Reading
) -> tuple[Line, ...]:
    verifier = Verifier(_resolver(sources, reading))
    lines: list[Line] = []
    for unit in (one.unit for one in chosen):
        candidate = Candidate(unit.text, (_citation(unit),), unit.is_code)
        outcome = verifier.verify(candidate)
        if isinstance(outcome, Verified):
            lines.append(
                Line(
                    text=unit.text,
                    citation=candidate.citations[0],
                    is_code=unit.is_code,
                    evidence=outcome.evidence,
                    time=unit.block.time,
                )
            )
    return tuple(lines)


def _resolver(sources: Sequence[Source], reading: Reading) -> Callable[[Citation], str | None]:
    ids = {source.name: source.id for source in sources}

    def resolve(citation: Citation) -> str | None:
        source = ids.get(citation.source)
        if source is None:
            return None
        if citation.commit:
            return reading.commit(source, citation.commit)
        return reading.lines(source, citation.path, citation.start_line, citation.end_line)

    return resolve


def _citation(unit: Unit) -> Citation:
    block = unit.block
    if block.commit:
        return Citation(source=block.source_name, commit=block.commit)
    return Citation(
        source=block.source_name,
        path=block.path,
        start_line=unit.start_line,
        end_line=unit.end_line,
    )


def _response(findings: Findings, coverage: Coverage, sources: Sequence[Source]) -> AskResponse:
    names = tuple(source.name for source in sources)
    info = coverage_info(coverage)
    if not findings.lines or not findings.evidence.is_enough:
        return _refused(findings, info, names)
    rendered = render(findings.lines)
    return AskResponse(
        answer=rendered.answer,
        refused=False,
        citations=rendered.citations,
        sentences=rendered.sentences,
        coverage=info,
        further=_further(findings, rendered.citations),
        searched=names,
    )


def _refused(findings: Findings, info: CoverageInfo, names: tuple[str, ...]) -> AskResponse:
    further = _further(findings, ())
    closest = further[0] if further else None
    text = refusal(
        info,
        names,
        findings.evidence.missing,
        closest.citation if closest else None,
        closest.symbol if closest else "",
    )
    return AskResponse(
        answer=text,
        refused=True,
        citations=(),
        sentences=(),
        coverage=info,
        further=further,
        searched=names,
    )


def _further(findings: Findings, cited: Sequence[Citation]) -> tuple[Place, ...]:
    """The best places that the answer does not cite, one per file."""
    places: list[Place] = []
    seen = {(citation.source, citation.path or citation.commit) for citation in cited}
    for block in findings.blocks:
        key = (block.source_name, block.path or block.commit or "")
        if key in seen or len(places) >= _MOST_FURTHER:
            continue
        seen.add(key)
        places.append(_place(block, findings.matcher))
    return tuple(places)


def _place(block: Block, matcher: Matcher) -> Place:
    if block.commit:
        citation = Citation(source=block.source_name, commit=block.commit)
        return Place(citation=citation, symbol="", why=block.lines[0][:120])
    strengths = matcher.strengths(block.keys)
    held = [term.text for term, found in zip(matcher.terms, strengths, strict=True) if found >= 0.7]
    end = min(block.end_line, block.start_line + MOST_CITED_LINES - 1)
    citation = Citation(
        source=block.source_name, path=block.path, start_line=block.start_line, end_line=end
    )
    why = "mentions " + ", ".join(held[:4]) if held else ""
    return Place(citation=citation, symbol=block.parts[0].symbol, why=why)
