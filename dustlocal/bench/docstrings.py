"""Docstring -> function: whether search finds the function that a docstring described.

The index sees the tree at HEAD with the docstrings of all Python functions emptied; a docstring's
first paragraph (or all of it) is a query, and the answer is its function, or any other that had
the very same words. As in CodeSearchNet (Husain et al., 2019), functions with "test" in their
name ask nothing, and the search is one for code (`--kind code`) unless documents are to compete.
"""

from __future__ import annotations

import os
import random
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Final

from dustlocal import api
from dustlocal.bench.docstring_queries import DocstringQuery, stripped
from dustlocal.bench.history_queries import export_tree
from dustlocal.bench.sandbox import NO_MODEL, Narration, Sandbox, open_sandbox
from dustlocal.bench.scoring import Score, Summary, percentile, score, summarise
from dustlocal.bench.table import milliseconds, share, table
from dustlocal.errors import SourceError
from indexer.repository import Repository

_ANSWER: Final = "the function"
_TEST: Final = re.compile(r"\s*(async\s+)?def\s+\w*test", re.IGNORECASE)

Question = tuple[str, list[DocstringQuery]]


@dataclass(frozen=True, slots=True)
class Plan:
    """How to measure. `limit` draws that many queries (the same each time); 0 keeps all.

    `documents` lets documents compete with code, as they do in `dustlocal search`. `whole` asks
    with whole docstrings in place of their first paragraphs.
    """

    k: int = 50
    limit: int = 0
    documents: bool = False
    whole: bool = False
    model: str = NO_MODEL


@dataclass(frozen=True, slots=True)
class FunctionFinding:
    """One repository. The summary's recall is 1 or 0 for a query: it has one answer."""

    repository: str
    head: str
    summary: Summary
    p50_ms: float
    p95_ms: float
    chunks: int


@dataclass(frozen=True, slots=True)
class FunctionFindings:
    """All repositories that have documented Python functions; `mrr` weighs them equally."""

    repositories: tuple[FunctionFinding, ...]
    mrr: float
    model: str
    documents: bool


def measure(clones: Sequence[Repository], plan: Plan, narration: Narration) -> FunctionFindings:
    """Index each clone without its docstrings and ask them. Errors: `SourceError` for none."""
    done = []
    with open_sandbox(narration, model=plan.model, threads=os.cpu_count() or 1) as sandbox:
        for clone in clones:
            found = _measure_one(clone, plan, sandbox)
            done += [found] if found else []
    if not done:
        raise SourceError(
            "no Python function with a docstring here", hint="name a clone with Python code"
        )
    mean = fmean(one.summary.mrr for one in done)
    return FunctionFindings(tuple(done), mean, plan.model, plan.documents)


def _measure_one(clone: Repository, plan: Plan, sandbox: Sandbox) -> FunctionFinding | None:
    name, head = Path(clone.root).name, clone.head()
    if head is None:
        return None
    root = sandbox.new_folder(name)
    export_tree(clone, head, root)
    questions = drawn(asked(strip_docstrings(root, whole=plan.whole)), plan.limit)
    if not questions:
        return None
    sandbox.narration.say(f"{name}: {len(questions)} docstrings")
    info = sandbox.complete(sandbox.add(root).id)
    asking = _Asking(sandbox, api.Scope(sources=(info.id,)), plan)
    scores, times = [], []
    for text, functions in questions:
        began = time.perf_counter()
        hits = asking.search(text)
        times.append((time.perf_counter() - began) * 1000)
        scores.append(function_score(functions, hits))
    p50, p95 = percentile(times, 0.5), percentile(times, 0.95)
    return FunctionFinding(name, head, summarise(scores), p50, p95, info.coverage.chunks)


@dataclass(frozen=True, slots=True)
class _Asking:
    sandbox: Sandbox
    scope: api.Scope
    plan: Plan

    def search(self, text: str) -> tuple[api.Hit, ...]:
        request = api.SearchRequest(
            query=text,
            scope=self.scope,
            k=self.plan.k,
            kinds=() if self.plan.documents else ("code",),
        )
        return self.sandbox.client.search(request).hits


def strip_docstrings(root: Path, *, whole: bool = False) -> list[DocstringQuery]:
    """Empty the functions' docstrings in all Python files below `root`; the queries they make.

    Docstrings of test functions are emptied and ask nothing.
    """
    queries = []
    for file in sorted(root.rglob("*.py")):
        try:
            # Not `read_text`, which would translate the line ends.
            source = file.read_bytes().decode("utf-8")
        except UnicodeDecodeError:
            continue  # nothing is asked of it, and it is indexed as it is
        text, found = stripped(file.relative_to(root).as_posix(), source, whole=whole)
        file.write_bytes(text.encode("utf-8"))
        lines = text.split("\n")
        queries += [query for query in found if not _TEST.match(lines[query.line - 1])]
    return queries


def asked(queries: Sequence[DocstringQuery]) -> list[Question]:
    """Each text once, with all functions that had it."""
    functions: dict[str, list[DocstringQuery]] = {}
    for query in queries:
        functions.setdefault(query.text, []).append(query)
    return list(functions.items())


def drawn(questions: Sequence[Question], limit: int) -> list[Question]:
    """`limit` of the questions in their order, always the same ones; all of them for 0."""
    if not limit or limit >= len(questions):
        return list(questions)
    places = random.Random(0).sample(range(len(questions)), limit)  # noqa: S311 - which to ask
    return [questions[place] for place in sorted(places)]


def function_score(functions: Sequence[DocstringQuery], hits: Sequence[api.Hit]) -> Score:
    """The rank, among distinct passages, of the first that shows some of one of the functions."""
    places = dict.fromkeys((hit.path, hit.start_line, hit.end_line) for hit in hits)
    ranked = [
        _ANSWER if any(_shows(each, *place) for each in functions) else str(place)
        for place in places
    ]
    return score(list(dict.fromkeys(ranked)), {_ANSWER})


def _shows(query: DocstringQuery, path: str, start: int, end: int) -> bool:
    return path == query.path and start <= query.end_line and query.line <= end


def describe(done: FunctionFindings) -> str:
    """The table."""
    header = ("repository", "queries", "hit@1", "recall@10", "MRR", "95 %", "p50 ms", "p95 ms")
    rows = [_row(one) for one in done.repositories]
    rows.append(["macro average", "", "", "", share(done.mrr), "", "", ""])
    return table(header, rows)


def _row(one: FunctionFinding) -> list[str]:
    found = one.summary
    return [
        one.repository,
        str(found.queries),
        *map(share, (found.hit_1, found.recall_10, found.mrr)),
        f"{share(found.mrr_low)}-{share(found.mrr_high)}",
        milliseconds(one.p50_ms),
        milliseconds(one.p95_ms),
    ]
