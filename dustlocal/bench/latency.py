"""How long a search takes: through the socket, from the shell, and while everything is indexed."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Final

from dustlocal import api
from dustlocal.bench.clones import copy_sources
from dustlocal.bench.made_vectors import fill_vectors
from dustlocal.bench.sandbox import COMMAND, NO_MODEL, Narration, Sandbox, open_sandbox
from dustlocal.bench.scoring import percentile
from dustlocal.bench.synthetic import sources, write_repository
from dustlocal.bench.table import milliseconds, table
from dustlocal.bench.vocabulary import phrases
from dustlocal.errors import InternalError
from indexer.chunk import chunk_text
from indexer.languages import language_of
from indexer.repository import Repository

_FILE_BYTES: Final = 12_000
_CALIBRATION_FILES: Final = 28
_WARM_UP: Final = 5


@dataclass(frozen=True, slots=True)
class Plan:
    """How to measure. `busy` is the size (files, MB) of what is indexed at the same time."""

    searches: int = 300
    questions: int = 50
    commands: int = 20
    busy: tuple[int, float] = (1_500, 18.0)
    k: int = 10
    model: str = NO_MODEL


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds over `count` calls."""

    count: int
    p50_ms: float
    p95_ms: float
    slowest_ms: float


@dataclass(frozen=True, slots=True)
class Latency:
    """All as a client sees them. `busy` are searches during a full index of another source."""

    chunks: int
    vectors: int
    search: Times
    ask: Times
    busy: Times
    shell: Times


def of_synthetic(chunks: int, plan: Plan, narration: Narration) -> Latency:
    """Measure on a made-up repository of about that many chunks."""

    def fill(folder: Path) -> None:
        files = files_for(chunks)
        write_repository(folder, files, files * _FILE_BYTES / 1e6)

    return _measure(fill, phrases(200), plan, narration)


def of_source(path: Path, plan: Plan, narration: Narration) -> Latency:
    """Measure on a copy of the source around `path`, with its commits' subjects as queries."""
    queries = subjects_of(path) or phrases(200)
    return _measure(lambda folder: copy_sources(path, folder), queries, plan, narration)


def files_for(chunks: int) -> int:
    """How many made-up files have about that many chunks."""
    seen = sum(
        len(chunk_text(text, language_of(path)))
        for path, text in sources(_CALIBRATION_FILES, _FILE_BYTES)
    )
    return max(1, round(chunks * _CALIBRATION_FILES / seen))


def subjects_of(path: Path, limit: int = 200) -> list[str]:
    """Distinct subjects of the newest commits, with at least three words."""
    clone = Repository.open(str(path))
    commits = clone.commits(limit=limit) if clone else ()
    return list(dict.fromkeys(one.subject for one in commits if len(one.subject.split()) >= 3))


def _measure(
    fill: Callable[[Path], object], queries: Sequence[str], plan: Plan, narration: Narration
) -> Latency:
    with open_sandbox(narration, model=NO_MODEL) as sandbox:
        root = sandbox.new_folder("source")
        narration.say("writing and indexing the source")
        fill(root)
        info = sandbox.add(root)
        vectors = 0
        if plan.model != NO_MODEL:
            sandbox.stop()
            sandbox.configure(plan.model)
            narration.say("making up vectors")
            vectors = fill_vectors(sandbox, info.id)
        runs = _Runs(sandbox, api.Scope(sources=(info.id,)), queries, plan)
        return Latency(
            chunks=info.coverage.chunks,
            vectors=vectors,
            search=times(runs.searches(plan.searches)),
            ask=times(runs.questions(plan.questions)),
            shell=times(runs.commands(plan.commands, root)),
            busy=times(runs.searches_while_busy()),
        )


@dataclass(frozen=True, slots=True)
class _Runs:
    """The calls that are timed, in milliseconds each."""

    sandbox: Sandbox
    scope: api.Scope
    queries: Sequence[str]
    plan: Plan

    def searches(self, count: int) -> list[float]:
        """Searches through the socket, one after another."""
        self.sandbox.narration.say(f"{count} searches")
        for query in self.queries[:_WARM_UP]:
            self._search(query)
        return [_milliseconds(self._search, query) for query in self._some(count)]

    def questions(self, count: int) -> list[float]:
        """Questions through the socket."""
        self.sandbox.narration.say(f"{count} questions")
        asked = [f"where do we {query}?" for query in self._some(count + 1)]
        self._ask(asked[0])
        return [_milliseconds(self._ask, question) for question in asked[1:]]

    def commands(self, count: int, root: Path) -> list[float]:
        """`dustlocal search` as a process of its own, with a warm daemon."""
        self.sandbox.narration.say(f"{count} searches from the shell")
        return [_milliseconds(_run_command, query, root) for query in self._some(count)]

    def searches_while_busy(self) -> list[float]:
        """Searches for as long as the daemon indexes another source from nothing."""
        root = self.sandbox.new_folder("busy")
        write_repository(root, *self.plan.busy, seed="busy")
        self.sandbox.narration.say("searching during a full index")
        failures: list[BaseException] = []
        indexing = threading.Thread(target=self._index, args=(root, failures))
        taken = []
        indexing.start()
        for query in cycle(self.queries):
            if not indexing.is_alive():
                break
            taken.append(_milliseconds(self._search, query))
        indexing.join()
        if failures:
            raise failures[0]
        return taken

    def _index(self, root: Path, failures: list[BaseException]) -> None:
        try:
            with self.sandbox.client_of_thread() as client:
                info = client.add(api.AddRequest(path=str(root)))
                client.prepare(api.PrepareRequest(scope=api.Scope(sources=(info.id,))))
        except Exception as error:  # handed to the thread that waits for this one
            failures.append(error)

    def _some(self, count: int) -> Iterator[str]:
        return islice(cycle(self.queries), count)

    def _search(self, query: str) -> None:
        request = api.SearchRequest(query=query, scope=self.scope, k=self.plan.k)
        self.sandbox.client.search(request)

    def _ask(self, question: str) -> None:
        self.sandbox.client.ask(api.AskRequest(question=question, scope=self.scope))


def _run_command(query: str, root: Path) -> None:
    command = (*COMMAND, "search", "--json", "--source", str(root), "--", query)
    done = subprocess.run(command, capture_output=True, check=False, cwd=root)
    if done.returncode not in (0, 1):  # 1: no hit
        raise InternalError(f"`dustlocal search` failed: {done.stderr.decode(errors='replace')}")


def _milliseconds(call: Callable[..., None], *arguments: object) -> float:
    began = time.perf_counter()
    call(*arguments)
    return (time.perf_counter() - began) * 1000


def times(taken: Sequence[float]) -> Times:
    """The figures of some calls, from milliseconds each."""
    return Times(
        count=len(taken),
        p50_ms=round(percentile(taken, 0.5), 2),
        p95_ms=round(percentile(taken, 0.95), 2),
        slowest_ms=round(max(taken, default=0.0), 2),
    )


def describe(done: Latency) -> str:
    """The table."""
    what = (
        ("search through the socket", done.search),
        ("ask through the socket", done.ask),
        ("search during a full index", done.busy),
        ("dustlocal search from the shell", done.shell),
    )
    rows = [
        [name, str(one.count), *map(milliseconds, (one.p50_ms, one.p95_ms, one.slowest_ms))]
        for name, one in what
    ]
    header = (f"{done.chunks} chunks, {done.vectors} vectors", "calls", "p50 ms", "p95 ms")
    return table((*header, "max ms"), rows)
