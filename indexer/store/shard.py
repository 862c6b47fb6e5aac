"""A shard: one SQLite file with everything of one repository, for one writer and many readers."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

from indexer.errors import StoreDamaged
from indexer.store import database_file
from indexer.store.database_file import inode_of
from indexer.store.documents import unpack_text
from indexer.store.schema import bring_up_to_date, shard_age
from indexer.store.sqlite import (
    Connection,
    connect,
    snapshot,
    transaction,
    translated_errors,
    without_waiting,
)

# Readers keep what they derive from a shard in memory for as long as this number stands.
_NEXT_GENERATION = (
    "INSERT INTO setting (name, value) VALUES ('generation', '1')"
    " ON CONFLICT (name) DO UPDATE SET value = CAST(value AS INTEGER) + 1"
)


class Shard:
    """Connections to one shard's file: one for writing, one per thread for reading.

    Every method may raise a `StoreError`. The file is made, with mode 0600, on the first write;
    a reader of a shard that was never written sees nothing (`reading` yields None).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._write_lock = threading.RLock()
        self._writer: Connection | None = None
        self._writer_inode: int | None = None
        self._readers = threading.local()
        self._open_readers: list[Connection] = []

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """One IMMEDIATE transaction on the writing connection."""
        with self._write_lock, self._errors():
            connection = self._open_writer()
            with transaction(connection):
                yield connection
                connection.execute(_NEXT_GENERATION)

    @contextlib.contextmanager
    def maintaining(self) -> Iterator[Connection]:
        """The writing connection outside any transaction (VACUUM, checkpoints)."""
        with self._write_lock, self._errors():
            yield self._open_writer()

    def settle(self) -> None:
        """Move what was written from the log into the file, so that nothing is left to do later.

        A reader in the middle of a search may keep a part of the log for the next time.
        """
        if self._writer is not None:
            with self.maintaining() as connection, without_waiting(connection):
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection | None]:
        """This thread's read-only connection inside one snapshot; None when there is no file."""
        with self._errors():
            connection = self._open_reader()
            if connection is None:
                yield None
                return
            with snapshot(connection):
                yield connection

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """Errors of the one tree. What looks damaged is looked at by the next `refresh`."""
        try:
            with translated_errors(self.path):
                yield
        except StoreDamaged:
            database_file.suspect(self.path)
            raise

    def _open_writer(self) -> Connection:
        """Reopened, as readers are, when another process has replaced the file."""
        if self._writer is not None and self._writer_inode == inode_of(self.path):
            return self._writer
        self._close_writer()
        connection = connect(self.path)
        try:
            bring_up_to_date(connection, self.path)
        except BaseException:
            connection.close()
            raise
        self._writer, self._writer_inode = connection, inode_of(self.path)
        return connection

    def _close_writer(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _open_reader(self) -> Connection | None:
        """Reopened when the file was replaced: set aside and rebuilt, or removed and added."""
        inode = inode_of(self.path)
        connection: Connection | None = getattr(self._readers, "connection", None)
        if connection is not None:
            if self._readers.inode == inode:
                return connection
            self._close_reader(connection)
        if inode is None:
            return None
        connection = connect(self.path, read_only=True)
        try:
            age = shard_age(connection, self.path)
        except BaseException:
            connection.close()
            raise
        if age != "current":
            connection.close()
            if age == "new":
                return None
            with self._write_lock:
                self._open_writer()
            return self._open_reader()
        self._readers.connection, self._readers.inode = connection, inode
        self._open_readers.append(connection)
        return connection

    def _close_reader(self, connection: Connection) -> None:
        connection.close()
        self._open_readers.remove(connection)
        self._readers.connection = None

    @property
    def is_suspect(self) -> bool:
        """Whether a process met an error that a damaged file gives."""
        return database_file.is_suspect(self.path)

    def check(self) -> list[str]:
        """What is wrong with the file; empty when all is well.

        SQLite's quick check looks at the structure; a damaged text it can't tell, its checksum can.
        """
        try:
            with self.reading() as connection:
                found = [] if connection is None else _complaints(connection)
        except StoreDamaged as error:
            found = [str(error)]
        if not found:
            database_file.clear(self.path)
        return found

    def set_aside(self) -> Path:
        """Move a damaged file out of the way and return where it went; only the newest is kept."""
        with self._write_lock:
            self.close()
            return database_file.set_aside(self.path)

    def forget_set_aside(self) -> None:
        """Delete what was set aside: it may hold what a source that is removed had."""
        database_file.forget_set_aside(self.path)

    def delete(self) -> None:
        """Delete the file, its logs and whatever was set aside."""
        with self._write_lock:
            self.close()
            database_file.delete_database(self.path)

    def close(self) -> None:
        """Close every connection. The next use opens what it needs again."""
        with self._write_lock:
            self._close_writer()
            for connection in self._open_readers:
                connection.close()
            self._open_readers.clear()
            self._readers = threading.local()


def _complaints(connection: Connection) -> list[str]:
    rows = connection.execute("PRAGMA quick_check(5)").fetchall()
    structure = [str(row[0]) for row in rows if row[0] != "ok"]
    if not structure:
        for (text,) in connection.execute("SELECT text FROM document"):
            unpack_text(text)
    return structure
