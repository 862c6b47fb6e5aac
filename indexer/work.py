"""What the work of indexing is told, and what it reports."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

OnProgress = Callable[[int, int], None]
ShouldStop = Callable[[], bool]


def ignore_progress(done: int, total: int) -> None:
    """The default listener."""


def never() -> bool:
    """The default answer to whether to stop."""
    return False


@dataclass(frozen=True, slots=True)
class IndexOptions:
    """What is indexed. `exclude` are gitignore patterns on top of the source's own."""

    max_file_bytes: int = 1_048_576
    exclude: tuple[str, ...] = ()
    commits: bool = True
    max_commits: int = 20_000
    processes: int = os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh did, in files, and the folders that hold what is indexed now.

    `folders` is None when only hinted paths were looked at. `unsettled` files kept changing and
    want another look; `stopped` says that it ended early on request, `rebuilt` that a damaged
    shard was set aside first.
    """

    read: int = 0
    removed: int = 0
    skipped: int = 0
    unsettled: int = 0
    folders: frozenset[str] | None = None
    stopped: bool = False
    rebuilt: bool = False

    @property
    def idle(self) -> bool:
        """Whether there was nothing to do."""
        return not (self.read or self.removed or self.skipped)
