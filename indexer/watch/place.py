"""One source's watches: which folders should be watched, which are, and keeping the two alike."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field

from indexer.model import SourceId
from indexer.watch.backend import Backend, Listener
from indexer.watch.layout import (
    MAX_EMPTY_FOLDERS,
    Target,
    content_targets,
    fileless_folders,
    git_targets,
)
from indexer.watch.limits import Mode, Trouble, WatchState

_VANISHED = frozenset({errno.ENOENT, errno.ENOTDIR})
_UNWATCHABLE = frozenset({errno.EACCES, errno.EPERM, errno.ELOOP, errno.ENAMETOOLONG})


@dataclass(slots=True)
class Place:
    """A source with its watches.

    `fresh` are folders that came to be while watched and hold no file yet, `emptied` those that
    held one: the next file there must not wait for the re-check. `stale` are paths of folders
    that were moved, deleted or replaced: a watch there may follow the old folder under a name
    that is wrong now.
    """

    source: SourceId
    root: str
    folders: frozenset[str] = frozenset()
    git_dir: str | None = None
    common_dir: str | None = None
    handles: dict[Target, int] = field(default_factory=dict)
    watched: frozenset[str] = frozenset()
    fresh: set[str] = field(default_factory=set)
    emptied: dict[str, None] = field(default_factory=dict)
    stale: set[str] = field(default_factory=set)
    denied: int = 0
    trouble: Trouble | None = None
    retry_at: float = 0.0
    gone: bool = False

    def settle(self, folders: frozenset[str], git_dir: str | None, common_dir: str | None) -> None:
        """Take over what the consumer found."""
        self.emptied.update(dict.fromkeys(sorted(self.folders - folders)))
        kept = [each for each in self.emptied if each not in folders]
        self.emptied = dict.fromkeys(kept[-MAX_EMPTY_FOLDERS:])
        self.folders, self.git_dir, self.common_dir = folders, git_dir, common_dir

    def root_is_there(self) -> bool:
        """Whether the root is a folder; a link in its place would lead out of the source."""
        try:
            return stat.S_ISDIR(os.lstat(self.root).st_mode)
        except OSError:
            return False

    def folder_changed(self, target: Target, name: str) -> None:
        """A folder in a watched folder was created, moved or deleted."""
        path = os.path.join(target.path, name)
        if path in self.watched:
            self.stale.add(path)
        folder = target.hint(name)
        if folder and folder != target.folder and len(self.fresh) < MAX_EMPTY_FOLDERS:
            self.fresh.add(folder)

    def apply(self, backend: Backend, listen: Callable[[Place, Target], Listener]) -> set[str]:
        """Watch what should be watched and nothing else; gives the folders that are new.

        Raises OSError when a limit of the system is reached; then some watches are missing.
        """
        self._settle_fresh()
        wanted = content_targets(self.root, self.folders | self.fresh | self.emptied.keys())
        wanted |= git_targets(self.root, self.git_dir, self.common_dir)
        dropped = [each for each in self.handles if each not in wanted or self._is_stale(each)]
        outdated = [self.handles.pop(each) for each in dropped]
        self.stale.clear()
        try:
            return self._add(wanted - self.handles.keys(), backend, listen)
        finally:
            # Last, so that a folder that is watched anew is never unwatched in between.
            backend.remove(outdated)
            self.watched = frozenset(each.path for each in self.handles)

    def release(self, backend: Backend | None) -> None:
        """End all watches. Without a backend they have ended with it."""
        if backend is not None:
            backend.remove(self.handles.values())
        self.handles.clear()
        self.watched = frozenset()
        self.fresh.clear()
        self.emptied.clear()
        self.stale.clear()
        self.denied = 0

    def state(self) -> WatchState:
        if self.gone:
            hint = "Bring the folder back, or remove the source."
            return WatchState(Mode.POLLING, 0, f"the folder is gone: {self.root}", hint)
        if self.trouble is not None:
            trouble = self.trouble
            return WatchState(Mode.POLLING, len(self.handles), trouble.reason, trouble.hint)
        if self.denied:
            reason = f"{self.denied} folders can't be watched: permission denied"
            hint = "Allow reading them, or add them to .dustlocalignore."
            return WatchState(Mode.WATCHING, len(self.handles), reason, hint)
        return WatchState(Mode.WATCHING, len(self.handles))

    def _add(
        self, missing: set[Target], backend: Backend, listen: Callable[[Place, Target], Listener]
    ) -> set[str]:
        added: set[str] = set()
        self.denied = 0
        for target in sorted(missing, key=lambda each: each.path):
            try:
                self.handles[target] = backend.add(target, listen(self, target))
            except OSError as error:
                # A vanished folder needs no watch: the one above reports that it went.
                if error.errno not in _VANISHED | _UNWATCHABLE:
                    raise
                self.denied += error.errno in _UNWATCHABLE
                continue
            if target.folder is not None:
                added.add(target.folder)
        return added

    def _is_stale(self, target: Target) -> bool:
        path = target.path
        while self.stale and path != os.path.dirname(path):
            if path in self.stale:
                return True
            path = os.path.dirname(path)
        return False

    def _settle_fresh(self) -> None:
        kept: set[str] = set()
        for folder in sorted(self.fresh - self.folders):
            if folder not in kept and len(kept) < MAX_EMPTY_FOLDERS:
                kept |= fileless_folders(self.root, folder)
        self.fresh = kept
