"""Commit subject -> files: what search finds of each later commit in the tree before them.

The index sees an export of the tree at the cut: files without a repository, so that no later
commit can be reached. Every query goes through the daemon's socket, as those of
`dustlocal search` do.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Final

from dustlocal import api
from dustlocal.bench.clones import clones_in, open_clone
from dustlocal.bench.history_guard import Guard, require_no_history
from dustlocal.bench.history_queries import (
    NOISE,
    HistoryQuery,
    export_tree,
    history_queries,
)
from dustlocal.bench.sandbox import COMMAND, NO_MODEL, Narration, Sandbox, open_sandbox
from dustlocal.bench.scoring import Summary, percentile, score, summarise
from dustlocal.bench.table import milliseconds, share, table
from dustlocal.errors import InternalError, SourceError
from indexer.repository import Repository

_SHELL_SECONDS: Final = 120
_MEANS: Final = ("recall_5", "recall_10", "hit_1", "mrr")


@dataclass(frozen=True, slots=True)
class Plan:
    """How to measure. `limit` keeps that many queries, the oldest first; 0 keeps all."""

    back: int = 300
    k: int = 50
    limit: int = 0
    through_shell: int = 0
    model: str = NO_MODEL


@dataclass(frozen=True, slots=True)
class Localisation:
    """One repository. `through_shell` queries were asked of the command too, with equal hits."""

    repository: str
    cut: str
    head: str
    summary: Summary
    p50_ms: float
    p95_ms: float
    chunks: int
    guard: Guard
    through_shell: int


@dataclass(frozen=True, slots=True)
class Localisations:
    """All repositories; `macro` weighs them equally."""

    repositories: tuple[Localisation, ...]
    macro: dict[str, float]
    model: str
    back: int


def measure(clones: Sequence[Repository], plan: Plan, narration: Narration) -> Localisations:
    """Index each clone's tree at the cut and ask its later commits' subjects."""
    with open_sandbox(narration, model=plan.model, threads=os.cpu_count() or 1) as sandbox:
        done = tuple(_measure_one(clone, plan, sandbox) for clone in clones)
    return Localisations(done, macro([one.summary for one in done]), plan.model, plan.back)


def chosen_clones(path: Path, folder: Path | None) -> list[Repository]:
    """The clones below `folder` if there is one, else the clone around `path`."""
    return clones_in(folder) if folder else [open_clone(path)]


def _measure_one(clone: Repository, plan: Plan, sandbox: Sandbox) -> Localisation:
    name = Path(clone.root).name
    cut, head = clone.first_parent(plan.back), clone.head()
    if head is None:
        raise SourceError(f"{clone.root} has no commit", hint="name a clone with a history")
    queries = history_queries(clone, cut, head)[: plan.limit or None]
    root = sandbox.new_folder(name)
    sandbox.narration.say(f"{name}: {len(queries)} queries on the tree at {cut[:12]}")
    exported = export_tree(clone, cut, root)
    info = sandbox.complete(sandbox.add(root).id)
    guard = require_no_history(sandbox, info, root, exported, queries)
    rankings = list(_ask(sandbox, info, queries, plan.k))
    for query, ranking in zip(queries[: plan.through_shell], rankings, strict=False):
        require_same_hits(ranking.hits, shell_hits(query.text, root, plan.k), query.text)
    times = [ranking.milliseconds for ranking in rankings]
    scores = [
        score(ranked_files(ranking.hits), query.answers)
        for query, ranking in zip(queries, rankings, strict=True)
    ]
    return Localisation(
        repository=name,
        cut=cut,
        head=head,
        summary=summarise(scores),
        p50_ms=percentile(times, 0.5),
        p95_ms=percentile(times, 0.95),
        chunks=info.coverage.chunks,
        guard=guard,
        through_shell=min(plan.through_shell, len(queries)),
    )


@dataclass(frozen=True, slots=True)
class _Ranking:
    hits: tuple[api.Hit, ...]
    milliseconds: float


def _ask(
    sandbox: Sandbox, info: api.SourceInfo, queries: Sequence[HistoryQuery], k: int
) -> Iterator[_Ranking]:
    scope = api.Scope(sources=(info.id,))
    for query in queries:
        began = time.perf_counter()
        response = sandbox.client.search(api.SearchRequest(query=query.text, scope=scope, k=k))
        yield _Ranking(response.hits, (time.perf_counter() - began) * 1000)


def ranked_files(hits: Sequence[api.Hit]) -> list[str]:
    """Distinct paths, best first, less those that answer no query (change logs, lock files)."""
    return [path for path in dict.fromkeys(hit.path for hit in hits) if not NOISE.search(path)]


def shell_hits(query: str, root: Path, k: int) -> list[tuple[str, int, int]]:
    """What `dustlocal search --json` prints for a query: path and lines, best first."""
    command = (*COMMAND, "search", "--json", "-k", str(k), "--source", str(root), "--", query)
    done = subprocess.run(
        command, capture_output=True, check=False, timeout=_SHELL_SECONDS, cwd=root
    )
    if done.returncode not in (0, 1):  # 1: no hit
        raise InternalError(
            f"`dustlocal search` ended with {done.returncode}: "
            + done.stderr.decode("utf-8", "replace").strip()
        )
    rows = map(json.loads, done.stdout.splitlines())
    return [(row["path"], row["start_line"], row["end_line"]) for row in rows]


def require_same_hits(
    hits: Sequence[api.Hit], printed: Sequence[tuple[str, int, int]], query: str
) -> None:
    """Hold the command to the ranking that the socket gave. Errors: `InternalError`."""
    asked = [(hit.path, hit.start_line, hit.end_line) for hit in hits]
    if asked != list(printed):
        raise InternalError(
            f"`dustlocal search` ranks other passages than the socket for: {query}",
            hint="compare: dustlocal search --json",
        )


def macro(summaries: Sequence[Summary]) -> dict[str, float]:
    """The mean over repositories of each measure that is a mean over queries."""
    return {name: fmean(getattr(one, name) for one in summaries) for name in _MEANS}


def describe(done: Localisations) -> str:
    """The table, the averages, and what the guard saw."""
    header = ("repository", "queries", "recall@5", "recall@10", "hit@1", "MRR", "95 %")
    rows = [_row(one) for one in done.repositories]
    average = [share(done.macro[name]) for name in _MEANS]
    rows.append(["macro average", "", *average, "", "", ""])
    lines = [table((*header, "p50 ms", "p95 ms"), rows)]
    lines += [f"guard, {one.repository}: {one.guard.sentence}" for one in done.repositories]
    lines += [
        f"shell, {one.repository}: `dustlocal search --json` ranks the first "
        f"{one.through_shell} queries as the socket does"
        for one in done.repositories
        if one.through_shell
    ]
    return "\n".join(lines)


def _row(one: Localisation) -> list[str]:
    found = one.summary
    return [
        one.repository,
        str(found.queries),
        *(share(getattr(found, name)) for name in _MEANS),
        f"{share(found.mrr_low)}-{share(found.mrr_high)}",
        milliseconds(one.p50_ms),
        milliseconds(one.p95_ms),
    ]
