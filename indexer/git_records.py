"""What git's plumbing prints, as values. Pure: bytes in, records out."""

from __future__ import annotations

import os
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass

from indexer.model import Commit

# Longer messages are cut: nobody cites line 2,000 of one, and a hostile one may have a gigabyte.
MAX_FIELD_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class TreeFile:
    """A file of a commit's tree. `size` is None when its blob is missing from this clone."""

    path: str
    mode: int
    blob: str
    size: int | None


@dataclass(frozen=True, slots=True)
class Blob:
    """A blob's content. `size` is None when it is missing from this clone (a partial clone);
    `data` is None then, and for a blob larger than what was asked for."""

    sha: str
    size: int | None
    data: bytes | None


def split_records(chunks: Iterable[bytes], limit: int = MAX_FIELD_BYTES) -> Iterator[bytes]:
    """The NUL-terminated records of a stream, each cut at `limit` bytes."""
    pending = bytearray()
    for chunk in chunks:
        first, *rest = chunk.split(b"\0")
        pending += first[: limit - len(pending)]
        for piece in rest:
            yield bytes(pending)
            pending[:] = piece[:limit]
    if pending:
        yield bytes(pending)


def parse_commits(
    records: Iterable[bytes], mark: bytes, without_paths: Container[str] = ()
) -> Iterator[Commit]:
    """The commits of `mark %H NUL %an NUL %ct NUL %s NUL %b NUL`, each followed by its paths.

    `mark` is random, so no message or path can imitate the start of a commit. The paths of
    `without_paths` are dropped: at the edge of a shallow clone every file looks new.
    """
    fields: list[bytes] = []
    for record in records:
        if record.removeprefix(b"\n").startswith(mark):
            if fields:
                yield _commit(fields, without_paths)
            fields = [record.removeprefix(b"\n")[len(mark) :]]
        else:
            fields.append(record)
    if fields:
        yield _commit(fields, without_paths)


def _commit(fields: list[bytes], without_paths: Container[str]) -> Commit:
    sha, author, time, subject, body, *paths = fields
    if paths:
        # git ends the header with a newline where paths follow.
        paths[0] = paths[0].removeprefix(b"\n")
    name = sha.decode("ascii")
    return Commit(
        sha=name,
        author=_text(author),
        time=int(time or b"0"),
        subject=_text(subject),
        body=_text(body).strip("\n"),
        paths=() if name in without_paths else tuple(map(_printable, filter(None, paths))),
    )


def parse_tree(records: Iterable[bytes]) -> Iterator[tuple[str, int, str]]:
    """Path, mode and blob of each file and link of `ls-tree -r -z`; submodules are left out."""
    for record in records:
        facts, _, path = record.partition(b"\t")
        mode, kind, blob = facts.split()
        if kind == b"blob":
            yield os.fsdecode(path), int(mode, 8), blob.decode("ascii")


def parse_sizes(chunks: Iterable[bytes]) -> Iterator[tuple[str, int]]:
    """Name and size of each object of `cat-file --batch-check`, less the missing ones."""
    stream = _Stream(chunks)
    while line := stream.line():
        name, *facts = line.decode("ascii").split(" ")
        if facts[-1].isdigit():
            yield name, int(facts[-1])


def parse_blobs(chunks: Iterable[bytes], limit: int) -> Iterator[Blob]:
    """The answers of `cat-file --batch`; content beyond `limit` bytes is read and dropped."""
    stream = _Stream(chunks)
    while header := stream.line():
        sha, _, facts = header.decode("ascii").partition(" ")
        size = facts.rpartition(" ")[2]
        if not size.isdigit():
            yield Blob(sha, None, None)
            continue
        data = stream.take(int(size), keep=int(size) <= limit)
        stream.take(1, keep=False)
        yield Blob(sha, int(size), data)


class _Stream:
    """Lines and exact byte counts out of chunks of any size."""

    __slots__ = ("_buffer", "_chunks", "_position")

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._buffer = b""
        self._position = 0

    def line(self) -> bytes:
        """The next line without its newline, b"" at the end."""
        while (end := self._buffer.find(b"\n", self._position)) < 0:
            chunk = next(self._chunks, b"")
            if not chunk:
                end = len(self._buffer)
                break
            self._buffer = self._buffer[self._position :] + chunk
            self._position = 0
        line = self._buffer[self._position : end]
        self._position = end + 1
        return line

    def take(self, count: int, *, keep: bool) -> bytes | None:
        """The next `count` bytes, or None (and they are passed over) unless `keep`."""
        kept = []
        while count > 0 and self._fill():
            part = self._buffer[self._position : self._position + count]
            self._position += len(part)
            count -= len(part)
            if keep:
                kept.append(part)
        return b"".join(kept) if keep else None

    def _fill(self) -> bool:
        """Whether a byte is there to be taken; reads on when the buffer is used up."""
        while self._position >= len(self._buffer):
            self._buffer, self._position = next(self._chunks, b""), 0
            if not self._buffer:
                return False
        return True


def _text(field: bytes) -> str:
    return field.decode("utf-8", "replace")


def _printable(path: bytes) -> str:
    return path.decode("utf-8", "backslashreplace")
