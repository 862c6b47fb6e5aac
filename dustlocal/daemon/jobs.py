"""What the daemon asks of its worker processes, and what they answer: JSON, one message a line.

A job is a few words (ids, paths, counts, at most a query): content stays in the store, which
both sides open. A worker runs one job at a time; `Stop` asks it to end the job at the next safe
point, and the end of its input tells it to leave.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from dustlocal.api import ErrorBody
from dustlocal.config import IndexSettings
from indexer.model import Source, SourceId


class Message(msgspec.Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """One line on a worker's input or output."""


class Added(msgspec.Struct, frozen=True):
    """The result of `AddSource`."""

    source: Source


class Refreshed(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `RefreshFiles`, in files. `folders` is None when only hints were looked at.

    `unsettled` files kept changing and want another look; `rebuilt` says that a damaged store was
    set aside first.
    """

    read: int = 0
    removed: int = 0
    skipped: int = 0
    unsettled: int = 0
    folders: frozenset[str] | None = None
    rebuilt: bool = False


class Counted(msgspec.Struct, frozen=True):
    """The result of a job that makes a number of things."""

    count: int = 0


class Vector(msgspec.Struct, frozen=True):
    """The result of `EmbedQuery`: little-endian float32 values, and the embedder's id."""

    values: bytes
    embedder: str


class AddSource(Message, frozen=True):
    """Add the source at an absolute path."""

    result: ClassVar[type[Added]] = Added
    path: str
    source: SourceId = SourceId("")


class RemoveSource(Message, frozen=True):
    """Forget a source and its content."""

    result: ClassVar[type[Counted]] = Counted
    source: SourceId


class RefreshFiles(Message, frozen=True):
    """Compare a source (or only `paths` of it) with the disk and index what differs."""

    result: ClassVar[type[Refreshed]] = Refreshed
    source: SourceId
    paths: tuple[str, ...] | None = None
    settings: IndexSettings = IndexSettings()


class RefreshCommits(Message, frozen=True):
    """Index the commits that HEAD reaches and that are not indexed yet."""

    result: ClassVar[type[Counted]] = Counted
    source: SourceId
    settings: IndexSettings = IndexSettings()


class EmbedPending(Message, frozen=True):
    """Make the vectors that a source still lacks."""

    result: ClassVar[type[Counted]] = Counted
    source: SourceId


class EmbedQuery(Message, frozen=True):
    """Make the vector of a query, with a model that may not live in the daemon."""

    result: ClassVar[type[Vector]] = Vector
    text: str
    source: SourceId = SourceId("")


Job = AddSource | RemoveSource | RefreshFiles | RefreshCommits | EmbedPending | EmbedQuery
Result = Added | Refreshed | Counted | Vector


class Start(Message, frozen=True):
    """Run a job. `id` comes back with everything that is said about it."""

    id: int
    job: Job


class Stop(Message, frozen=True):
    """End job `id` at the next safe point (it may have ended already)."""

    id: int


class Progressed(Message, frozen=True):
    """Job `id` has done so much of so much."""

    id: int
    done: int
    total: int


class Ended(Message, frozen=True):
    """Job `id` has ended; `stopped` when it was asked to and may not be complete."""

    id: int
    result: msgspec.Raw
    stopped: bool = False


class Broke(Message, frozen=True):
    """Job `id` failed."""

    id: int
    error: ErrorBody


Command = Start | Stop
Report = Progressed | Ended | Broke
