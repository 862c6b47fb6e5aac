"""Bringing a source's rows up to date: list, plan, read, prepare, store.

A large plan is prepared by a pool of processes (parsing holds Python's lock), while this process
alone writes. Nothing is held for the whole run: each result is stored as it comes.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import replace

from indexer import ingest
from indexer.crash import crash_point
from indexer.discover import discover
from indexer.extract import rejected_by_name
from indexer.files import state_of
from indexer.identity import PIPELINE
from indexer.ingest import Gone, Plan, Unsettled
from indexer.model import FileState, Listing, Skip, SkipReason, Source
from indexer.parsing_mark import ParsingMark
from indexer.prepare_pool import preparing
from indexer.sources import require_folder
from indexer.store import documents
from indexer.store.shard import Shard
from indexer.store.source_record import has_source_record, write_source_record
from indexer.work import IndexOptions, OnProgress, Refreshed, ShouldStop


def refresh_files(
    shard: Shard,
    source: Source,
    options: IndexOptions,
    paths: Collection[str] | None,
    on_progress: OnProgress,
    should_stop: ShouldStop,
    mark: ParsingMark,
) -> Refreshed:
    """Make the rows of a source equal to its files; `paths` are hints of what has changed."""
    tree = tree_of(shard, source)
    aside = _put_aside(shard, source, tree, mark)
    entries, skips = _stored(shard, tree)
    hinted = _hinted(source, options, paths, entries, skips)
    if hinted is None:
        listing = discover(
            source,
            max_file_bytes=options.max_file_bytes,
            exclude=options.exclude,
            reject_by_name=_reject_by_name,
        )
        # A root that vanished during the walk looks like one whose files were all deleted.
        require_folder(source.root)
        plan = ingest.plan(entries, skips, listing)
    else:
        listing = Listing(hinted, {}, frozenset())
        plan = ingest.plan({path: entries[path] for path in hinted}, {}, listing)
    plan = replace(plan, read=tuple(path for path in plan.read if path != aside))
    done = apply(shard, source, tree, plan, options, on_progress, should_stop, mark)
    if hinted is not None or done.stopped:
        return done
    _set_complete(shard, tree)
    return replace(done, folders=listing.folders)


def _put_aside(shard: Shard, source: Source, tree: int, mark: ParsingMark) -> str | None:
    """Record the file that two processes died on as a skip, until it changes; returns its path."""
    path = mark.culprit(source.id)
    if path is None:
        return None
    with suppress(OSError):
        state = state_of(os.lstat(f"{source.root}/{path}"))
        detail = "its parser crashed twice; looked at again when it changes"
        skip = Skip(path, SkipReason.EXTRACTION_FAILED, detail, state)
        ingest.record_skips(shard, tree, [skip])
    return path


def tree_of(shard: Shard, source: Source) -> int:
    """The source's number in its shard, made (with the source's record) when it is new."""
    with shard.reading() as connection:
        recorded = connection is not None and has_source_record(connection, source)
        known = documents.find_tree(connection, source.id) if connection and recorded else None
    if known is not None:
        return known
    with shard.writing() as connection:
        write_source_record(connection, source)
        return documents.tree_id(connection, source.id)


def _stored(shard: Shard, tree: int) -> tuple[dict[str, FileState], dict[str, Skip]]:
    """The manifest and the skips of a tree, as far as today's pipeline would say the same."""
    with shard.reading() as connection:
        if connection is None:
            return {}, {}
        entries = documents.read_entries(connection, tree)
        skips = documents.read_skips(connection, tree)
        if not documents.is_complete(connection, tree):
            skips = (replace(skip, state=None) for skip in skips)
        return entries, {skip.path: skip for skip in skips}


def _set_complete(shard: Shard, tree: int) -> None:
    with shard.reading() as connection:
        if connection is None or documents.is_complete(connection, tree):
            return
    crash_point("before-complete")
    with shard.writing() as connection:
        documents.set_complete(connection, tree)


def _reject_by_name(path: str) -> tuple[SkipReason, str] | None:
    rejected = rejected_by_name(path)
    return (rejected.reason, rejected.detail) if rejected else None


def _hinted(
    source: Source,
    options: IndexOptions,
    paths: Collection[str] | None,
    entries: Mapping[str, FileState],
    skips: Mapping[str, Skip],
) -> dict[str, FileState] | None:
    """The states of hinted files, if all are plain files that are indexed; else None: list anew.

    A file that is indexed keeps belonging until an ignore file or git's index changes, and that
    comes as a hint for the whole source. Anything new or odd is left to discovery.
    """
    if paths is None:
        return None
    states: dict[str, FileState] = {}
    for path in paths:
        if path not in entries or path in skips:
            return None
        try:
            facts = os.lstat(f"{source.root}/{path}")
        except OSError:
            return None
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > options.max_file_bytes:
            return None
        states[path] = state_of(facts)
    return states


def apply(
    shard: Shard,
    source: Source,
    tree: int,
    plan: Plan,
    options: IndexOptions,
    on_progress: OnProgress,
    should_stop: ShouldStop,
    mark: ParsingMark,
) -> Refreshed:
    """Carry a plan out; removals first, so that nothing deleted is answered in the meantime."""
    ingest.remove_paths(shard, tree, plan.remove, plan.forget)
    ingest.record_skips(shard, tree, plan.skip)
    total, done, unsettled = len(plan.read), 0, 0
    if total:
        on_progress(0, total)
    known = _known_blobs(shard, plan.read)
    jobs = ((path, known(path)) for path in plan.read)
    with preparing(
        source.root,
        options.max_file_bytes,
        jobs,
        count=total,
        processes=options.processes,
        source=source.id,
        mark=mark,
    ) as outcomes:
        for outcome in outcomes:
            if isinstance(outcome, Gone):
                # Of a root that vanished every file is gone, and yet none was deleted.
                require_folder(source.root)
            if not ingest.store_outcome(shard, tree, outcome):
                again = ingest.read_and_prepare(
                    source.root, outcome.path, options.max_file_bytes, frozenset()
                )
                ingest.store_outcome(shard, tree, again)
            unsettled += isinstance(outcome, Unsettled)
            done += 1
            on_progress(done, total)
            if should_stop():
                return Refreshed(done, len(plan.remove), len(plan.skip), unsettled, None, True)
    return Refreshed(done, len(plan.remove), len(plan.skip), unsettled)


def _known_blobs(shard: Shard, paths: Collection[str]) -> Callable[[str], frozenset[bytes]]:
    """Which contents the shard has for a path: those of other work trees of the repository."""
    blobs: dict[str, set[bytes]] = {}
    wanted = frozenset(paths)
    with shard.reading() as connection:
        if connection is not None and wanted:
            for path, blob in connection.execute(
                "SELECT path, blob FROM document WHERE pipeline = ?", (PIPELINE,)
            ):
                if path in wanted:
                    blobs.setdefault(path, set()).add(blob)
    return lambda path: frozenset(blobs.get(path, ()))
