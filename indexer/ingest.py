"""From what is on disk to what is in the store: a pure plan, then its application in small steps.

`plan` compares the manifest with a listing and says what to read, record and drop. Applying a
part of it is idempotent and every file is one transaction, so work may stop anywhere (a kill, a
full disk, a step of a durable workflow) and be planned again: what was done is not planned twice.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from indexer.crash import crash_point
from indexer.extract import Rejected
from indexer.files import FileRejected, FileUnsettled, FileVanished, read_file
from indexer.identity import blob_of
from indexer.model import FileState, Listing, Skip, SkipReason
from indexer.prepare import PreparedDocument, prepare
from indexer.redact import redact
from indexer.store import documents
from indexer.store.shard import Shard
from indexer.store.sqlite import Connection

T = TypeVar("T")

# On a file system with whole-second times, a file changed again within that second looks
# unchanged. What was read so soon after its change is recorded as not settled: read it again.
_COARSE_NS: Final = 1_000_000_000
_UNSETTLED: Final = -1


@dataclass(frozen=True, slots=True)
class Plan:
    """What separates the store from the disk. Paths in `read` come most recently touched first."""

    read: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    skip: tuple[Skip, ...] = ()
    forget: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether the store is up to date."""
        return not (self.read or self.remove or self.skip or self.forget)


def plan(entries: Mapping[str, FileState], skips: Mapping[str, Skip], listing: Listing) -> Plan:
    """Compare what is stored (`entries` indexed, `skips` recorded) with what is on disk."""
    read = [
        path
        for path, state in listing.files.items()
        if entries.get(path) != state and not _skipped_as_is(skips.get(path), state)
    ]
    read.sort(key=lambda path: (-listing.files[path].mtime_ns, path))
    return Plan(
        read=tuple(read),
        remove=tuple(p for p in entries if p not in listing.files and p not in listing.skips),
        skip=tuple(skip for path, skip in listing.skips.items() if skips.get(path) != skip),
        forget=tuple(p for p in skips if p not in listing.files and p not in listing.skips),
    )


def _skipped_as_is(skip: Skip | None, state: FileState) -> bool:
    """Whether a file was read in this very state and turned out not to be wanted."""
    return skip is not None and skip.state == state


def settled(state: FileState, read_at_ns: int) -> FileState:
    """The state to record for a file that was read at `read_at_ns` (wall clock)."""
    coarse = state.ctime_ns % _COARSE_NS == 0
    recent = abs(read_at_ns - state.ctime_ns) < 2 * _COARSE_NS
    return replace(state, inode=_UNSETTLED) if coarse and recent else state


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file as it was read: its state, its content's identity, and what became of the content.

    `document` is None for a content that the store had already.
    """

    path: str
    state: FileState
    blob: bytes
    document: PreparedDocument | Rejected | None


@dataclass(frozen=True, slots=True)
class Gone:
    """A file that vanished between the listing and the reading."""

    path: str


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A file that kept changing while it was read: what is stored of it stays until it rests."""

    path: str


Outcome = ReadFile | Skip | Gone | Unsettled


def read_and_prepare(root: str, path: str, limit: int, known: frozenset[bytes]) -> Outcome:
    """Read one file and prepare its content unless its blob is `known`. Touches only the disk."""
    read_at_ns = time.time_ns()
    try:
        content = read_file(root, path, limit)
    except FileVanished:
        return Gone(path)
    except FileUnsettled:
        return Unsettled(path)
    except FileRejected as rejected:
        return Skip(path, rejected.reason, rejected.detail)
    state = settled(content.state, read_at_ns)
    blob = blob_of(content.data)
    if blob in known:
        return ReadFile(path, state, blob, None)
    return ReadFile(path, state, blob, _prepared(path, content.data))


def _prepared(path: str, data: bytes) -> PreparedDocument | Rejected:
    """A parser's failure on one file is that file's skip, not the end of the run."""
    try:
        return prepare(path, data)
    except Exception as error:
        complaint = redact(f"{type(error).__name__}: {error}")[:200]
        return Rejected(SkipReason.EXTRACTION_FAILED, complaint)


def store_outcome(shard: Shard, tree: int, outcome: Outcome) -> bool:
    """Record what became of one file, in one transaction.

    False when that can't be done yet: the content that another work tree had is gone meanwhile,
    so the file has to be read again, with nothing known.
    """
    crash_point("before-document")
    stored = True
    with shard.writing() as connection:
        match outcome:
            case Gone(path):
                documents.drop_entry(connection, tree, path)
                documents.drop_skip(connection, tree, path)
            case Skip():
                documents.set_skip(connection, tree, outcome)
            case ReadFile():
                stored = _store_file(connection, tree, outcome)
    crash_point("after-document")
    return stored


def _store_file(connection: Connection, tree: int, file: ReadFile) -> bool:
    if isinstance(file.document, Rejected):
        skip = Skip(file.path, file.document.reason, file.document.detail, file.state)
        documents.set_skip(connection, tree, skip)
        return True
    number = documents.find_document(connection, file.path, file.blob)
    if number is None and file.document is None:
        return False
    if number is None and file.document is not None:
        number = documents.insert_document(connection, file.document)
    if number is not None:
        documents.set_entry(connection, tree, file.path, number, file.state)
    return True


def remove_paths(shard: Shard, tree: int, paths: Iterable[str], forget: Iterable[str]) -> None:
    """Drop files that are gone, and recorded skips of files that are gone."""
    for batch in batches([*paths], 200):
        crash_point("before-removal")
        with shard.writing() as connection:
            for path in batch:
                documents.drop_entry(connection, tree, path)
        crash_point("after-removal")
    for batch in batches([*forget], 500):
        with shard.writing() as connection:
            for path in batch:
                documents.drop_skip(connection, tree, path)


def record_skips(shard: Shard, tree: int, skips: Sequence[Skip]) -> None:
    """Record files that are not indexed, with their reasons."""
    for batch in batches(skips, 500):
        with shard.writing() as connection:
            for skip in batch:
                documents.set_skip(connection, tree, skip)
        crash_point("between-batches")


def batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """`items` in runs of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
