"""Everything at a modest size, on the user's own clone, in one table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dustlocal.bench import docstrings, first_ask, freshness, idle, index_speed, latency, localize
from dustlocal.bench.sandbox import NO_MODEL, Narration
from dustlocal.bench.table import milliseconds, share, table
from dustlocal.errors import SourceError
from indexer.discover import discover
from indexer.errors import GitError
from indexer.extract import rejected_by_name
from indexer.model import Source
from indexer.repository import Repository
from indexer.sources import locate

_STEPS_BACK: Final = (300, 200, 100, 50, 20, 10)
_EMBEDDABLE_BYTES: Final = 1_500_000
"""Text whose vectors take a minute or two. Larger clones are judged by words, unless asked for."""

Row = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of each is measured. `busy` are the files and megabytes indexed during searches."""

    queries: int = 100
    searches: int = 100
    questions: int = 20
    commands: int = 10
    busy: tuple[int, float] = (500, 6.0)
    saves: int = 20
    samples: int = 5
    idle_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class Everything:
    """What each measurement gave; None for those that make no sense here (no history, no Python).

    `model` made the vectors where something was found; `none` means by words alone.
    """

    source: str
    model: str
    localize: localize.Localisations | None
    docstrings: docstrings.FunctionFindings | None
    index: index_speed.IndexSpeed
    latency: latency.Latency
    freshness: freshness.Freshness
    idle: idle.Idle
    first_ask: first_ask.FirstAsk | None


def measure(
    path: Path,
    model: str,
    narration: Narration,
    *,
    full: bool = False,
    sizes: Sizes = Sizes(),
) -> Everything:
    """Measure on the source around `path`. `full` finds with vectors however long that takes."""
    source = locate(str(path))
    root = Path(source.root)
    finding = model if full or text_bytes(source) <= _EMBEDDABLE_BYTES else NO_MODEL
    if finding != model:
        narration.say("finding is judged by words alone here (--full: with vectors, slowly)")
    clone = Repository.open(str(root))
    return Everything(
        source=str(root),
        model=finding,
        localize=_localize(clone, finding, sizes, narration) if clone else None,
        docstrings=_docstrings(clone, finding, sizes, narration) if clone else None,
        index=index_speed.of_source(root, model, narration),
        latency=latency.of_source(root, _latency_plan(sizes, model), narration),
        freshness=freshness.measure(root, freshness.Plan(sizes.saves, sizes.samples), narration),
        idle=idle.measure(root, sizes.idle_seconds, model, narration),
        first_ask=_first_ask(root, model, narration) if clone else None,
    )


def text_bytes(source: Source) -> int:
    """The size of a source's files, less those that are no text by their name."""
    files = discover(source).files.items()
    return sum(state.size for path, state in files if rejected_by_name(path) is None)


def _latency_plan(sizes: Sizes, model: str) -> latency.Plan:
    return latency.Plan(sizes.searches, sizes.questions, sizes.commands, sizes.busy, model=model)


def _first_ask(root: Path, model: str, narration: Narration) -> first_ask.FirstAsk:
    return first_ask.measure(root, first_ask.QUESTION, 1, model, narration)


def _localize(
    clone: Repository, model: str, sizes: Sizes, narration: Narration
) -> localize.Localisations | None:
    back = next((back for back in _STEPS_BACK if _has_commit(clone, back)), 0)
    if not back:
        narration.say("too few commits to ask for the files of later ones")
        return None
    plan = localize.Plan(back=back, limit=sizes.queries, model=model)
    return localize.measure([clone], plan, narration)


def _has_commit(clone: Repository, back: int) -> bool:
    try:
        clone.first_parent(back)
    except GitError:
        return False
    return True


def _docstrings(
    clone: Repository, model: str, sizes: Sizes, narration: Narration
) -> docstrings.FunctionFindings | None:
    try:
        return docstrings.measure(
            [clone], docstrings.Plan(limit=sizes.queries, model=model), narration
        )
    except SourceError as error:
        narration.say(f"docstrings: {error}")
        return None


def describe(done: Everything) -> str:
    """One table."""
    rows = [*_finding_rows(done), *_speed_rows(done), *_cost_rows(done)]
    return table((f"{done.source}", "figure", "more with"), rows)


def _finding_rows(done: Everything) -> Iterator[Row]:
    how = "by words" if done.model == NO_MODEL else "with vectors"
    if done.localize:
        (one,) = done.localize.repositories
        found = one.summary
        figure = f"MRR {share(found.mrr)}, recall@10 {share(found.recall_10)}"
        what = f"commit subject -> files, {how}, {found.queries} queries"
        yield what, figure, "bench localize"
    if done.docstrings:
        (function,) = done.docstrings.repositories
        what = f"docstring -> function, {how}, {function.summary.queries} queries"
        yield what, f"MRR {share(function.summary.mrr)}", "bench docstrings"


def _speed_rows(done: Everything) -> Iterator[Row]:
    index, times = done.index, done.latency
    if done.first_ask:
        yield "first ask, from nothing", f"{done.first_ask.median_seconds} s", "bench first-ask"
    what = f"index {index.files} files, {index.megabytes} MB, from nothing"
    yield what, f"{index.lexical_seconds} s", "bench index"
    yield "index again, nothing changed", f"{index.unchanged_seconds} s", "bench index"
    yield "vectors a second", str(index.vectors_per_second or "not measured"), "bench index"
    for name, one, command in (
        (f"search, {times.chunks} chunks", times.search, "bench latency"),
        ("search during a full index", times.busy, "bench latency"),
        ("ask", times.ask, "bench latency"),
        ("search from the shell", times.shell, "bench latency"),
        ("save -> found", done.freshness.saves, "bench freshness"),
        ("save -> found, constant writing", done.freshness.constant_writing, "bench freshness"),
    ):
        figures = f"{milliseconds(one.p50_ms)} / {milliseconds(one.p95_ms)} ms"
        yield f"{name}, p50 / p95", figures, command


def _cost_rows(done: Everything) -> Iterator[Row]:
    idle_ = done.idle
    yield "indexing, peak memory", f"{done.index.peak_memory_megabytes} MB", "bench index"
    yield "idle, memory", f"{idle_.memory_megabytes} MB", "bench idle"
    yield f"idle, core over {idle_.seconds:.0f} s", f"{idle_.cpu_percent} %", "bench idle"
    yield "idle, bytes written", str(idle_.written_bytes), "bench idle"
