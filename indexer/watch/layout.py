"""Which folders of a source to watch, and what an event in one of them means."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

from indexer.watch.coalesce import Reason

IGNORE_FILES = frozenset({".gitignore", ".dustlocalignore"})

MAX_EMPTY_FOLDERS = 64
"""How many folders without a file are watched for their first one, per source."""

_GIT_DIR_FILES = {
    "HEAD": Reason.GIT_HEAD,
    "index": Reason.GIT_INDEX,
}
_COMMON_DIR_FILES = {
    "packed-refs": Reason.GIT_HEAD,
    "shallow": Reason.GIT_HEAD,
}
_MAX_HEAD_BYTES = 4096
_A_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Target:
    """A folder to watch.

    `path` is absolute. `anchor` is the folder under which a recursive observer listens for it.
    `folder` is its path in the source, None for a folder of git; there only `names` count.
    """

    path: str
    anchor: str
    folder: str | None
    names: frozenset[tuple[str, Reason]] = frozenset()

    def rescan_reason(self, name: str, *, is_folder: bool) -> Reason | None:
        """Why an event on the entry `name` puts the whole source in doubt; None: it doesn't."""
        if self.folder is None:
            return next((reason for wanted, reason in self.names if wanted == name), None)
        if is_folder or name == ".git":
            return Reason.FOLDER
        return Reason.IGNORE_RULES if name in IGNORE_FILES else None

    def hint(self, name: str) -> str | None:
        """The path that an event on the entry `name` casts doubt on; None: none.

        A name that isn't UTF-8 can't be stored or sent, so it becomes its folder.
        """
        if self.folder is None:
            return None
        if not name.isascii() and not _is_text(name):
            return self.folder
        return f"{self.folder}/{name}" if self.folder else name


def refuse_outside(folders: Iterable[str]) -> None:
    """Raises ValueError for a folder that doesn't lie in the source."""
    for folder in folders:
        if folder.startswith("/") or "\0" in folder or ".." in folder.split("/"):
            raise ValueError(f"not a folder of the source: {folder!r}")


def content_targets(root: str, folders: Iterable[str]) -> set[Target]:
    """The folders and all folders above them up to the root, which hold folders."""
    wanted = {""}
    for folder in folders:
        above = folder
        while above not in wanted:
            wanted.add(above)
            above = above.rpartition("/")[0]
    return {Target(os.path.join(root, each) if each else root, root, each) for each in wanted}


def git_targets(root: str, git_dir: str | None, common_dir: str | None) -> set[Target]:
    """The folders of git in which HEAD, the index, the ignore rules or the current branch live.

    Everything else there (locks, objects, logs, other branches) says nothing about the work tree.
    """
    if git_dir is None:
        return set()
    common_dir = common_dir or git_dir
    names: dict[str, dict[str, Reason]] = {}
    names.setdefault(git_dir, {}).update(_GIT_DIR_FILES)
    names.setdefault(common_dir, {}).update(_COMMON_DIR_FILES)
    names.setdefault(os.path.join(common_dir, "info"), {})["exclude"] = Reason.IGNORE_RULES
    names.setdefault(os.path.join(git_dir, "info"), {})["sparse-checkout"] = Reason.GIT_INDEX
    for reftable in {os.path.join(each, "reftable") for each in (git_dir, common_dir)}:
        names.setdefault(reftable, {})["tables.list"] = Reason.GIT_HEAD
    if ref := current_ref(git_dir):
        folder, name = _nearest(common_dir, ref)
        names.setdefault(folder, {})[name] = Reason.GIT_HEAD
    return {
        Target(path, _anchor(path, root, git_dir, common_dir), None, frozenset(wanted.items()))
        for path, wanted in names.items()
        if os.path.isdir(path)
    }


def current_ref(git_dir: str) -> str | None:
    """The full name of the branch that HEAD points to; None: detached, damaged or not there."""
    try:
        # A FIFO in the place of HEAD must not stop the daemon, hence O_NONBLOCK.
        fd = os.open(os.path.join(git_dir, "HEAD"), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        head = os.read(fd, _MAX_HEAD_BYTES)
    except OSError:
        return None
    finally:
        os.close(fd)
    if not head.startswith(b"ref: refs/"):
        return None
    ref = os.fsdecode(head[5:].strip())
    parts = ref.split("/")
    return None if "\0" in ref or ".." in parts or "" in parts else ref


def fileless_folders(root: str, folder: str) -> set[str]:
    """`folder` and the folders below it if no file is among them (yet), else nothing.

    Empty as well when there are more than `MAX_EMPTY_FOLDERS`, or one can't be listed.
    """
    found, queue = {folder}, [folder]
    while queue:
        inner = _inner_folders(root, queue.pop())
        if inner is None or len(found) + len(inner) > MAX_EMPTY_FOLDERS:
            return set()
        found.update(inner)
        queue.extend(inner)
    return found


def _inner_folders(root: str, folder: str) -> list[str] | None:
    inner: list[str] = []
    try:
        fd = os.open(os.path.join(root, folder), _A_FOLDER)
    except OSError:
        return None
    try:
        with os.scandir(fd) as entries:
            for entry in entries:
                if not entry.is_dir(follow_symlinks=False) or entry.name == ".git":
                    return None
                inner.append(f"{folder}/{entry.name}")
    except OSError:
        return None
    finally:
        os.close(fd)
    return inner


def _nearest(common_dir: str, ref: str) -> tuple[str, str]:
    """The deepest folder of the ref that exists, and the entry in it that leads to the ref.

    A packed or unborn branch has no file; `feature/` comes to be with its first new commit.
    """
    parts = ref.split("/")
    for depth in range(len(parts) - 1, 0, -1):
        folder = os.path.join(common_dir, *parts[:depth])
        if os.path.isdir(folder):
            return folder, parts[depth]
    return common_dir, parts[0]


def _anchor(path: str, *anchors: str) -> str:
    return next(each for each in anchors if path == each or path.startswith(each + os.sep))


def _is_text(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
