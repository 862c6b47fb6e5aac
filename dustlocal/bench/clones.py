"""Which repositories to measure on, and copies of them that nobody minds being written to."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

from dustlocal.errors import SourceError
from indexer.discover import discover
from indexer.repository import Repository
from indexer.sources import locate

# What `git init` makes, less the samples: enough for git to list the folder's files.
_EMPTY_REPOSITORY: Final = {
    "HEAD": "ref: refs/heads/main\n",
    "config": "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n",
}


def open_clone(path: Path) -> Repository:
    """The repository around `path`. Errors: `SourceError` outside any, `GitError`."""
    found = Repository.open(str(path))
    if found is None:
        raise SourceError(f"{path} is in no git repository", hint="name a clone")
    return found


def clones_in(folder: Path) -> list[Repository]:
    """The repositories directly below `folder`, by name. Errors: `SourceError` for none."""
    roots = sorted(child for child in folder.iterdir() if (child / ".git").exists())
    if not roots:
        raise SourceError(f"{folder} holds no git repository", hint="name a folder of clones")
    return [open_clone(root) for root in roots]


def make_repository(folder: Path) -> None:
    """Make `folder` an empty repository, as `git init` does: all its files are untracked."""
    for name in ("objects", "refs/heads"):
        (folder / ".git" / name).mkdir(parents=True)
    for name, content in _EMPTY_REPOSITORY.items():
        (folder / ".git" / name).write_text(content, encoding="ascii")


def copy_sources(path: Path, folder: Path) -> int:
    """Copy the files that belong to the source around `path` below `folder`; returns how many.

    Content only: no links, no modes, no hooks and no history. Where there was git, the copy is an
    empty repository, so that its ignore files mean the same.
    """
    source = locate(str(path))
    files = discover(source).files
    for name in files:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(os.path.join(source.root, name), target, follow_symlinks=False)
    if source.git_dir is not None:
        make_repository(folder)
    return len(files)
