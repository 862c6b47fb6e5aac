"""Which file is being parsed: the one thing to know after a parser has crashed the process.

Grammars are native code, and a crafted file can make one crash or be killed for its memory. The
mark is a small mapped file, so that it outlives the process at the cost of a memory copy per
file. Whoever opens it next tries the file once more (a kill may have hit an innocent one) and,
if the process dies on it again, records it as a skip.
"""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
from pathlib import Path
from typing import Final

from indexer.store.sqlite import translated_errors

# Longer than any path that Linux or macOS accept (PATH_MAX), and a whole page.
_SIZE: Final = 8192


class ParsingMark:
    """The path that is being parsed below `folder`, for one writer at a time."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "parsing"
        self._map: mmap.mmap | None = None
        self._suspect = ("", "")

    def culprit(self, source: str) -> str | None:
        """The path of a source that two processes in a row died on; None if there is none."""
        left = self._left_behind()
        if left is None or left[0] != source:
            return None
        self.clear()
        if left[2]:
            return left[1]
        self._suspect = left[:2]
        return None

    def _left_behind(self) -> tuple[str, str, bool] | None:
        """Source, path, and whether it was tried before, of what a process died on."""
        try:
            stored = self._file.read_bytes()
        except FileNotFoundError:
            return None
        fields = [os.fsdecode(field) for field in stored.rstrip(b"\0").split(b"\0")]
        return (fields[0], fields[1], len(fields) > 2) if len(fields) > 1 else None

    def set(self, source: str, path: str) -> None:
        """Say that this file is parsed from now on."""
        fields = [source, path, *(["again"] if (source, path) == self._suspect else [])]
        self._write(b"\0".join(map(os.fsencode, fields)))

    def forget(self, source: str) -> None:
        """Leave no path of a source that is removed."""
        left = self._left_behind()
        if left is not None and left[0] == source:
            self.clear()

    def clear(self) -> None:
        """Say that nothing is parsed."""
        with contextlib.suppress(FileNotFoundError):
            if self._map is not None or self._file.stat().st_size:
                self._write(b"")

    def close(self) -> None:
        """Give the mapping back."""
        if self._map is not None:
            self._map.close()
            self._map = None

    def _write(self, content: bytes) -> None:
        if self._map is None:
            self._map = self._open()
        self._map[:] = content[:_SIZE].ljust(_SIZE, b"\0")

    def _open(self) -> mmap.mmap:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        with translated_errors(self._file):
            descriptor = os.open(self._file, flags, 0o600)
            try:
                # Written, not only made longer: on a full disk a page that the file does not
                # have yet would end the process with SIGBUS.
                if os.pwrite(descriptor, bytes(_SIZE), 0) < _SIZE:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                return mmap.mmap(descriptor, _SIZE)
            finally:
                os.close(descriptor)
