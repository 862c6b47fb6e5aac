"""Whether the configuration that a repository carries may take effect.

A repository's `.dustlocal/` is inert until its user trusts it. Trust is given to content: the
SHA-256 of every file below that folder is recorded, and a file that has changed since, or has
come since, is inert again. What is parsed is always the very bytes that were hashed.
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

import msgspec

from dustlocal.errors import ConfigError, SourceError
from dustlocal.paths import write_private

FOLDER = ".dustlocal"
"""The folder of a repository that trust is about, relative to its root."""

_LARGEST = 1_048_576
"""Bytes of the largest file that can be trusted: settings and agents are far smaller."""

Hashes = dict[str, str]


class Trust:
    """The record of what is trusted, in one JSON file; read again for each question."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def grant(self, root: str) -> tuple[str, ...]:
        """Trust everything below `root`/.dustlocal as it is now; the paths that this covers.

        Errors: `SourceError` when there is nothing to trust, or what is there is no plain file.
        """
        hashes = _hash_folder(root)
        if not hashes:
            raise SourceError(
                f"{root}: there is no {FOLDER}/ to trust",
                hint=f"a repository's own settings live in {FOLDER}/config.toml",
            )
        self._write(self._read() | {root: hashes})
        return tuple(hashes)

    def revoke(self, root: str) -> bool:
        """Trust nothing of `root` any more; whether anything was trusted."""
        known = self._read()
        if root not in known:
            return False
        self._write({other: hashes for other, hashes in known.items() if other != root})
        return True

    def is_trusted(self, root: str) -> bool:
        """Whether something of `root` is trusted (single files may have changed since)."""
        return root in self._read()

    def content(self, root: str, path: str) -> bytes | None:
        """The bytes of `root`/`path` if they are the trusted ones; None for anything else."""
        wanted = self._read().get(root, {}).get(path)
        if wanted is None:
            return None
        try:
            content = _read_plain(Path(root) / path)
        except SourceError:
            return None
        return content if _digest(content) == wanted else None

    def changed(self, root: str) -> tuple[str, ...]:
        """Paths below `root`/.dustlocal that are there and are not the trusted ones."""
        trusted = self._read().get(root, {})
        return tuple(path for path, now in _hash_folder(root).items() if trusted.get(path) != now)

    def _read(self) -> dict[str, Hashes]:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=dict[str, Hashes])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.DecodeError) as error:
            raise ConfigError(
                f"{self._file}: the record of trusted repositories can't be read: {error}",
                hint="remove the file, then run `dustlocal trust` again where you want it",
            ) from error

    def _write(self, known: dict[str, Hashes]) -> None:
        write_private(self._file, msgspec.json.format(msgspec.json.encode(known)))


def _hash_folder(root: str) -> Hashes:
    top = Path(root) / FOLDER
    if not top.is_dir() or top.is_symlink():
        return {}
    found: Hashes = {}
    for folder, folders, names in os.walk(top):
        folders.sort()
        for name in sorted(
            names + [each for each in folders if (Path(folder) / each).is_symlink()]
        ):
            path = Path(folder) / name
            found[path.relative_to(root).as_posix()] = _digest(_read_plain(path))
    return found


def _read_plain(path: Path) -> bytes:
    """The content of a regular file: no link, no device, no pipe that would block."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise SourceError(f"{path}: is not a plain file and can't be trusted")
            content = stream.read(_LARGEST + 1)
    except OSError as error:
        raise SourceError(
            f"{path}: can't be trusted: {error.strerror}", hint="only plain files can be"
        ) from error
    if len(content) > _LARGEST:
        raise SourceError(f"{path}: is larger than 1 MiB and can't be trusted")
    return content


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
