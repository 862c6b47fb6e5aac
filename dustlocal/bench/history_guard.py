"""The proof, at each run, that an index of an export could not see a later commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dustlocal import api
from dustlocal.bench.history_queries import HistoryQuery
from dustlocal.bench.sandbox import Sandbox
from dustlocal.errors import InternalError
from indexer.checkout import find_checkout

_PROBES: Final = 20


@dataclass(frozen=True, slots=True)
class Guard:
    """What was looked for: `commits` that are indexed, a `repository` around the export, and
    commits among the hits of `probes` searches for later subjects. All nothing."""

    exported_files: int
    seen_files: int
    commits: int
    repository: str
    probes: int

    @property
    def sentence(self) -> str:
        """The evidence in words."""
        return (
            f"{self.exported_files} files of the cut exported, {self.seen_files} seen by the "
            f"index, no repository around them, {self.commits} commits indexed, none found by "
            f"{self.probes} searches for later ones"
        )


def require_no_history(
    sandbox: Sandbox,
    info: api.SourceInfo,
    root: Path,
    exported: int,
    queries: Sequence[HistoryQuery],
) -> Guard:
    """Look for every way to a later commit. Errors: `InternalError` when there is one."""
    around = find_checkout(str(root))
    coverage = info.coverage
    seen = coverage.indexed + coverage.pending + coverage.skipped + coverage.failed
    probes = queries[-_PROBES:]
    found = sum(_finds_commit(sandbox, info, query) for query in probes)
    leaks = {
        f"a repository at {around.root}" if around else "": around is not None,
        f"the source is {info.root}": info.root != str(root),
        f"{coverage.commits} indexed commits": coverage.commits + coverage.commits_pending > 0,
        f"{seen} files where {exported} were exported": seen > exported,
        f"{found} later commits among the hits": found > 0,
    }
    if any(leaks.values()):
        seen_leaks = ", ".join(leak for leak, is_there in leaks.items() if is_there)
        raise InternalError(f"the export at {root} leaks later history: {seen_leaks}")
    return Guard(exported, seen, coverage.commits, "", len(probes))


def _finds_commit(sandbox: Sandbox, info: api.SourceInfo, query: HistoryQuery) -> bool:
    request = api.SearchRequest(
        query=query.text, scope=api.Scope(sources=(info.id,)), kinds=("commit",), k=1
    )
    return bool(sandbox.client.search(request).hits)
