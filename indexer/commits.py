"""Bringing a source's commits up to date: those that HEAD reaches, newest first."""

from __future__ import annotations

import hashlib
from itertools import islice
from typing import Final

from indexer import ingest
from indexer.crash import crash_point
from indexer.identity import PIPELINE
from indexer.model import Source
from indexer.prepare import prepare_commit
from indexer.refresh import tree_of
from indexer.repository import Repository
from indexer.sources import require_folder
from indexer.store import history
from indexer.store.shard import Shard
from indexer.work import IndexOptions, OnProgress, ShouldStop

_COMMIT_BATCH: Final = 200


def refresh_commits(
    shard: Shard,
    source: Source,
    options: IndexOptions,
    on_progress: OnProgress,
    should_stop: ShouldStop,
) -> int:
    """Make the stored commits those that HEAD reaches, newest first; returns how many were read."""
    if source.git_dir is None or source.common_dir is None or not options.commits:
        return 0
    # A root that vanished has no commits, and yet none was taken back.
    require_folder(source.root)
    tree = tree_of(shard, source)
    repository = Repository(source.root, source.git_dir, source.common_dir)
    aim = _aim(repository, options)
    with shard.reading() as connection:
        before = history.completed(connection, tree) if connection is not None else ""
        if before == aim:
            return 0
        known = history.known_commits(connection, tree) if connection is not None else set()
    reachable = repository.commit_shas()[: options.max_commits]
    stale = known if _manner(before) not in ("", _manner(aim)) else set()
    _release_commits(shard, tree, _manner(aim), known.difference(reachable), stale)
    wanted = [sha for sha in reachable if sha not in known or sha in stale]
    if not _read_commits(shard, tree, repository, options, wanted, on_progress, should_stop):
        return len(wanted)
    crash_point("before-commits-complete")
    with shard.writing() as connection:
        history.set_completed(connection, tree, aim)
    return len(wanted)


def _aim(repository: Repository, options: IndexOptions) -> str:
    """What is complete when this run has ended: which commits, and in which manner they are told.

    The edge of a shallow clone is part of the manner: its commits are told without their paths.
    """
    head = repository.head() or "none"
    edge = sorted(repository.edge())
    told = hashlib.sha256(" ".join(edge).encode("ascii")).hexdigest()[:16] if edge else "whole"
    return f"{head}/{options.max_commits}/{PIPELINE}-{told}"


def _manner(aim: str) -> str:
    return aim.rpartition("/")[2]


def _release_commits(shard: Shard, tree: int, manner: str, gone: set[str], stale: set[str]) -> None:
    """Let go of commits that HEAD no longer reaches, and of texts that would be told otherwise.

    What was complete before isn't from here on: HEAD may go back there before this run ends.
    """
    with shard.writing() as connection:
        history.set_completed(connection, tree, f"/{manner}")
        history.forget_commits(connection, tree, gone)
        history.forget_everywhere(connection, stale)
        history.delete_unreachable(connection)
    crash_point("after-commits-released")


def _read_commits(
    shard: Shard,
    tree: int,
    repository: Repository,
    options: IndexOptions,
    wanted: list[str],
    on_progress: OnProgress,
    should_stop: ShouldStop,
) -> bool:
    """Store the wanted commits in batches; False when it was stopped on the way."""
    missing: set[str] = set()
    for shas in ingest.batches(wanted, _COMMIT_BATCH):
        with shard.writing() as connection:
            missing |= history.adopt_commits(connection, tree, shas)
    done = len(wanted) - len(missing)
    with shard.reading() as connection:
        known = history.known_commits(connection, tree) if connection is not None else set()
    commits = repository.commits(exclude=known, limit=len(missing))
    while batch := list(islice(commits, _COMMIT_BATCH)):
        prepared = [prepare_commit(commit) for commit in batch]
        with shard.writing() as connection:
            for commit in prepared:
                history.insert_commit(connection, tree, commit)
        crash_point("after-commits")
        done += len(batch)
        on_progress(done, len(wanted))
        if should_stop():
            return False
    return True
