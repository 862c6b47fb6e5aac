"""Where a git checkout begins, read off the disk without running git.

git is not asked, because walking up to the root happens on every request, and because a
`core.worktree` of a hostile repository must not move the root elsewhere.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass

from indexer.errors import BareRepository, SourceError

# git itself refuses a longer `.git` file (setup.c, read_gitfile_gently).
_MAX_POINTER_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Checkout:
    """A work tree: its root, its own git folder, and the one all its work trees share."""

    root: str
    git_dir: str
    common_dir: str


def find_checkout(folder: str) -> Checkout | None:
    """The innermost checkout that contains the real path `folder`, or None.

    Raises `BareRepository` inside a repository without a work tree, and `SourceError` inside a
    `.git` folder or where a `.git` file points at nothing.
    """
    while True:
        if is_git_folder(folder):
            raise _inside_git_folder(folder)
        git_dir = git_folder(folder)
        if git_dir is not None:
            return Checkout(folder, git_dir, common_folder(git_dir))
        _refuse_dangling_pointer(folder)
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def git_folder(folder: str) -> str | None:
    """The real path of the git folder that `folder/.git` is or points at, None without one.

    As for git, a `.git` that is no valid git folder counts as none.
    """
    dot_git = os.path.join(folder, ".git")
    try:
        mode = os.stat(dot_git).st_mode
    except OSError:
        return None
    target = dot_git if stat.S_ISDIR(mode) else _pointed_at(dot_git, mode)
    return os.path.realpath(target) if target and is_git_folder(target) else None


def is_git_folder(path: str) -> bool:
    """Whether `path` holds a HEAD, objects and refs, which is what git itself goes by."""
    if not os.path.lexists(os.path.join(path, "HEAD")):
        return False
    common = common_folder(path)
    return all(os.path.isdir(os.path.join(common, name)) for name in ("objects", "refs"))


def common_folder(git_dir: str) -> str:
    """The git folder that all work trees of a repository share (`git_dir` for the main one)."""
    pointer = _read_line(os.path.join(git_dir, "commondir"))
    return os.path.realpath(os.path.join(git_dir, pointer)) if pointer else git_dir


def _pointed_at(dot_git: str, mode: int) -> str | None:
    line = _read_line(dot_git) if stat.S_ISREG(mode) else ""
    if not line.startswith("gitdir: "):
        return None
    return os.path.join(os.path.dirname(dot_git), line.removeprefix("gitdir: "))


def _read_line(path: str) -> str:
    """The content of a small pointer file, without its newline; "" when there is none."""
    try:
        # O_NONBLOCK: a FIFO of that name must not hang us.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        return os.fsdecode(os.read(descriptor, _MAX_POINTER_BYTES)).rstrip("\r\n")
    except OSError:
        return ""
    finally:
        os.close(descriptor)


def _inside_git_folder(folder: str) -> SourceError:
    if ".git" not in folder.split(os.sep):
        return BareRepository(
            f"{folder} is a bare git repository: it has no files to index",
            hint="add a work tree instead: git worktree add ../FOLDER",
        )
    return SourceError(
        f"{folder} is git's own folder, not a work tree",
        hint="give the folder that contains .git",
    )


def _refuse_dangling_pointer(folder: str) -> None:
    dot_git = os.path.join(folder, ".git")
    if os.path.isfile(dot_git):
        raise SourceError(
            f"{dot_git} points at a repository that is not there",
            hint=f"run `git worktree repair` in the main work tree, or remove {dot_git} "
            "to index the folder without git",
        )
