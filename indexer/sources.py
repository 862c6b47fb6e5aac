"""Sources: which folder a path belongs to, and what that folder is called."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Container
from itertools import count

from indexer.errors import SourceError, SourceNotFound, SourceUnreadable
from indexer.model import Source, SourceId
from indexer.repository import Repository

# 48 bits: a clash among a thousand sources has a chance of 2 in a billion.
_ID_BYTES = 6


def locate(path: str) -> Source:
    """The source that contains `path`: the innermost work tree around it, else its own folder.

    Raises `SourceNotFound`, `SourceUnreadable`, `BareRepository`, `SourceError` (inside `.git`),
    and `GitError` when git refuses the repository.
    """
    folder = _folder_of(path)
    repository = Repository.open(folder)
    if repository is None:
        require_folder(folder)
        return Source(source_id(folder), source_name(folder), folder)
    root = repository.root
    require_folder(root)
    git_dir, common_dir = repository.git_dir, repository.common_dir
    return Source(source_id(root), source_name(root), root, git_dir, common_dir)


def source_id(root: str) -> SourceId:
    """The stable id of the source at the real path `root`: 12 hexadecimal digits."""
    return SourceId(hashlib.blake2b(os.fsencode(root), digest_size=_ID_BYTES).hexdigest())


def source_name(root: str) -> str:
    """What a source is called unless the name is taken: its folder's name."""
    return os.fsencode(os.path.basename(root) or root).decode("utf-8", "backslashreplace")


def unique_name(name: str, taken: Container[str]) -> str:
    """`name`, or the first of `name~2`, `name~3`, ... that is not taken."""
    if name not in taken:
        return name
    return next(each for number in count(2) if (each := f"{name}~{number}") not in taken)


def is_addable_implicitly(path: str) -> bool:
    """Whether a command may add the folder `path` by itself.

    Never the home folder nor anything above it (so never `/`): that is nobody's project.
    """
    folder = os.path.realpath(path)
    home = os.path.realpath(os.path.expanduser("~"))
    return os.path.commonpath((folder, home)) != folder


def require_folder(folder: str) -> None:
    """Raise `SourceNotFound` or `SourceUnreadable` unless `folder` can be listed."""
    try:
        with os.scandir(folder):
            pass
    except (FileNotFoundError, NotADirectoryError):
        raise _not_found(folder) from None
    except OSError as error:
        raise SourceUnreadable(
            f"{folder} can't be listed: {error.strerror}",
            hint="check its permissions: ls -ld " + folder,
        ) from error


def _folder_of(path: str) -> str:
    """The real path of the folder `path` is, or lies in."""
    try:
        real = os.path.realpath(path, strict=True)
    except PermissionError as error:
        raise SourceUnreadable(
            f"{path} can't be reached: {error.strerror}",
            hint="check the permissions of the folders above it",
        ) from error
    except (OSError, ValueError):
        raise _not_found(path) from None
    if not os.path.isdir(real) and not os.path.isfile(real):
        raise SourceError(f"{path} is neither a folder nor a file", hint="give a folder")
    return real if os.path.isdir(real) else os.path.dirname(real)


def _not_found(path: str) -> SourceNotFound:
    return SourceNotFound(
        f"{path!r} is not there" if "\0" in path else f"{path} is not there",
        hint="check the path; if the source is gone for good: dustlocal remove PATH",
    )
