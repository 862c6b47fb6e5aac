"""Connections: which SQLite, with which settings, and what its errors mean to a user."""

from __future__ import annotations

import contextlib
import os
import sqlite3 as stdlib_sqlite3
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import sqlite_vec

from indexer.errors import (
    SqliteUnsuitable,
    StoreDamaged,
    StoreError,
    StoreFull,
    StoreReadOnly,
)

Connection = stdlib_sqlite3.Connection

BUSY_TIMEOUT_MS: Final = 30_000
_RETRY_SECONDS: Final = 0.005
# The write-ahead log is cut back to this at a checkpoint, so a big batch leaves no trace.
JOURNAL_SIZE_LIMIT: Final = 1024 * 1024
_LOG_INDEX_BYTES: Final = 32 * 1024
# The last one is how sqlite-vec puts it.
_DAMAGED: Final = ("malformed", "not a database", "Could not fetch vector data")
HINT_DRIVER: Final = "install a driver that can: pip install pysqlite3"


def _load_driver() -> Any:
    """pysqlite3 where it is installed (it can load extensions), else the standard library's."""
    try:
        return import_module("pysqlite3.dbapi2")
    except ImportError:
        return stdlib_sqlite3


driver: Final = _load_driver()
DatabaseError: type[Exception] = driver.DatabaseError


def connect(path: Path, *, read_only: bool = False) -> Connection:
    """Open a database with the project's settings; the file is made with mode 0600.

    A connection may move between threads but is used by one at a time. Raises a `StoreError`.
    """
    with translated_errors(path):
        if not read_only:
            _create_private(path)
        uri = f"{path.resolve().as_uri()}?mode={'ro' if read_only else 'rw'}"
        connection: Connection = driver.connect(
            uri, uri=True, isolation_level=None, check_same_thread=False
        )
        try:
            _configure(connection, read_only=read_only)
        except BaseException:
            connection.close()
            raise
        return connection


def _create_private(path: Path) -> None:
    """Make the file itself first: SQLite gives its journal and log files the same mode."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))


def _configure(connection: Connection, *, read_only: bool) -> None:
    load_vector_extension(connection)
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    if read_only:
        connection.execute("PRAGMA query_only = ON")
        return
    _use_log(connection)
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA journal_size_limit = {JOURNAL_SIZE_LIMIT}")
    connection.execute("PRAGMA cache_size = -16000")


def _use_log(connection: Connection) -> None:
    """Switch a new file to the write-ahead log; an older one has it already.

    The switch takes a lock that SQLite's busy timeout does not wait for, while another process
    may be making the same file.
    """
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except DatabaseError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(_RETRY_SECONDS)
        else:
            return


def load_vector_extension(connection: Connection) -> None:
    """Load sqlite-vec. Raises `SqliteUnsuitable` where this SQLite can't load extensions."""
    if not hasattr(connection, "enable_load_extension"):
        raise SqliteUnsuitable(
            f"this Python's SQLite {driver.sqlite_version} can't load extensions", hint=HINT_DRIVER
        )
    connection.enable_load_extension(True)
    sqlite_vec.load(connection)
    connection.enable_load_extension(False)


def check_driver() -> str:
    """The versions of SQLite and sqlite-vec; raises `SqliteUnsuitable` if they can't serve."""
    connection: Connection = driver.connect(":memory:")
    try:
        load_vector_extension(connection)
        connection.execute(
            "CREATE VIRTUAL TABLE probe USING fts5(body, content='', contentless_delete=1)"
        )
        (version,) = connection.execute("SELECT vec_version()").fetchone()
    except DatabaseError as error:
        raise SqliteUnsuitable(
            f"SQLite {driver.sqlite_version} lacks FTS5 with contentless_delete (3.43 or newer)",
            hint=HINT_DRIVER,
        ) from error
    finally:
        connection.close()
    return f"SQLite {driver.sqlite_version}, sqlite-vec {version}"


@contextlib.contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """An IMMEDIATE transaction: the write lock is taken at once, so it can't fail half-way."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        with contextlib.suppress(DatabaseError):
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


@contextlib.contextmanager
def snapshot(connection: Connection) -> Iterator[None]:
    """A read transaction: every statement inside sees the same state."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        # Some errors have ended it already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")


@contextlib.contextmanager
def without_waiting(connection: Connection) -> Iterator[None]:
    """What is done inside is left undone where another connection is in the way."""
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        yield
    finally:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")


@contextlib.contextmanager
def translated_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's and the system's errors into those of the one tree, naming the file."""
    try:
        yield
    except DatabaseError as error:
        raise _translate(error, path) from error
    except PermissionError as error:
        raise _read_only(path) from error
    except OSError as error:
        if error.errno == 28:  # ENOSPC
            raise _full(path) from error
        if error.errno == 30:  # EROFS
            raise _read_only(path) from error
        raise StoreError(f"the index can't be opened: {path}: {error.strerror}") from error


def _translate(error: Exception, path: Path) -> StoreError:
    text = str(error)
    name = getattr(error, "sqlite_errorname", "") or ""
    if any(phrase in text for phrase in _DAMAGED) or name.startswith(
        ("SQLITE_CORRUPT", "SQLITE_NOTADB")
    ):
        return StoreDamaged(
            f"the index file is damaged: {path} ({text})", hint="it is rebuilt by itself"
        )
    if "disk is full" in text or ("I/O error" in text and not _has_space(path)):
        return _full(path)
    if "readonly" in text or "unable to open" in text or name.startswith("SQLITE_READONLY"):
        return _read_only(path)
    if "locked" in text or "busy" in text:
        return StoreError(
            f"the index is in use by another program: {path}",
            hint="wait for the other dustlocal command to end, then try again",
        )
    return StoreError(f"the index can't be used: {path}: {text}")


def _has_space(path: Path) -> bool:
    """Whether there is room for a part of the log's index, which SQLite makes 32 KiB at a time.

    That failing it reports as it does a broken disk.
    """
    facts = os.statvfs(path.parent)
    return facts.f_bavail * facts.f_frsize >= _LOG_INDEX_BYTES


def _full(path: Path) -> StoreFull:
    return StoreFull(
        f"no space left for the index: {path.parent}",
        hint="free some space, or move the data with DUSTLOCAL_HOME; nothing indexed is lost",
    )


def _read_only(path: Path) -> StoreReadOnly:
    return StoreReadOnly(
        f"the index can't be written: {path}",
        hint=f"check the owner and the mode of {path.parent}, or set DUSTLOCAL_HOME",
    )
