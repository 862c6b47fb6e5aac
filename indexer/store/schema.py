"""The schema and its numbered migrations, kept by sqlite-utils.

Every migration is a function with a number in its name, applied in one transaction with its
record. `user_version` repeats the newest number, so that an up-to-date file is recognised
without importing sqlite-utils. A file with a higher number comes from a newer program.

How a file's content is found: `entry` (the manifest: what a work tree has at a path) ->
`document` (a path with one content) -> `chunk` (line ranges of it) -> `vector` (by the hash of
the embedded text). Two work trees with the same content at the same path have two entries and
one document. Numbers of documents, chunks and vectors are never used twice (AUTOINCREMENT), so
that a reader can hold them in memory and only ask for the newer ones.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from indexer.errors import StoreTooNew
from indexer.store.sqlite import Connection, transaction
from indexer.store.words import TABLES

if TYPE_CHECKING:
    from sqlite_utils import Database, Migrations

VECTOR_DIMENSION: Final = 384

SHARD_VERSION: Final = 1
CATALOG_VERSION: Final = 1

_TOKENIZER: Final = "porter unicode61 tokenchars ''_''"

_SHARD_001: Final = f"""
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO setting (name, value) VALUES ('identity', lower(hex(randomblob(16))));
CREATE TABLE tree (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL UNIQUE,
    head TEXT NOT NULL DEFAULT '',
    complete INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE document (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    path TEXT NOT NULL,
    blob BLOB NOT NULL,
    pipeline INTEGER NOT NULL,
    kind TEXT NOT NULL,
    language TEXT NOT NULL,
    size INTEGER NOT NULL,
    text BLOB NOT NULL,
    UNIQUE (path, blob, pipeline)
);
CREATE TABLE chunk (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document INTEGER NOT NULL REFERENCES document (id) ON DELETE CASCADE,
    start_line INTEGER NOT NULL,
    end_line INTEGER NOT NULL,
    start_char INTEGER NOT NULL,
    end_char INTEGER NOT NULL,
    symbol TEXT NOT NULL,
    defines TEXT NOT NULL,
    key INTEGER NOT NULL
);
CREATE INDEX chunk_document ON chunk (document);
CREATE INDEX chunk_key ON chunk (key);
CREATE TABLE entry (
    tree INTEGER NOT NULL REFERENCES tree (id) ON DELETE CASCADE,
    path TEXT NOT NULL,
    document INTEGER NOT NULL REFERENCES document (id),
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    ctime_ns INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    PRIMARY KEY (tree, path)
) WITHOUT ROWID;
CREATE INDEX entry_document ON entry (document);
CREATE TABLE skip (
    tree INTEGER NOT NULL REFERENCES tree (id) ON DELETE CASCADE,
    path TEXT NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    size INTEGER,
    mtime_ns INTEGER,
    ctime_ns INTEGER,
    inode INTEGER,
    PRIMARY KEY (tree, path)
) WITHOUT ROWID;
CREATE TABLE history (
    id INTEGER PRIMARY KEY,
    sha TEXT NOT NULL UNIQUE,
    time INTEGER NOT NULL,
    text TEXT NOT NULL
);
CREATE TABLE reachable (
    tree INTEGER NOT NULL REFERENCES tree (id) ON DELETE CASCADE,
    history INTEGER NOT NULL REFERENCES history (id),
    PRIMARY KEY (tree, history)
) WITHOUT ROWID;
CREATE INDEX reachable_history ON reachable (history);
CREATE TABLE vector_key (id INTEGER PRIMARY KEY AUTOINCREMENT, key INTEGER NOT NULL UNIQUE);
CREATE VIRTUAL TABLE vector USING vec0 (embedding int8[{VECTOR_DIMENSION}]);
CREATE VIRTUAL TABLE chunk_words USING fts5 (
    path, symbol, body, content='', contentless_delete=1, tokenize='{_TOKENIZER}');
CREATE VIRTUAL TABLE file_words USING fts5 (
    path, body, content='', contentless_delete=1, tokenize='{_TOKENIZER}');
CREATE VIRTUAL TABLE history_words USING fts5 (
    subject, body, paths, content='', contentless_delete=1, tokenize='{_TOKENIZER}');
"""

_CATALOG_001: Final = """
CREATE TABLE source (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    root TEXT NOT NULL UNIQUE,
    git_dir TEXT,
    common_dir TEXT,
    shard TEXT NOT NULL,
    added_at INTEGER NOT NULL
) WITHOUT ROWID;
"""


def _statements(script: str) -> list[str]:
    """The statements of a script: executescript would commit the open transaction."""
    return [statement for part in script.split(";\n") if (statement := part.strip())]


def shard_migrations() -> Migrations:
    """The migrations of a shard, oldest first."""
    from sqlite_utils import Migrations  # noqa: PLC0415  (170 ms, only needed to change a schema)

    migrations = Migrations("shard")

    @migrations()
    def m001_initial(database: Database) -> None:
        for statement in _statements(_SHARD_001):
            database.conn.execute(statement)
        database.conn.execute("PRAGMA user_version = 1")

    return migrations


def catalog_migrations() -> Migrations:
    """The migrations of the catalog of sources, oldest first."""
    from sqlite_utils import Migrations  # noqa: PLC0415  (as above)

    migrations = Migrations("catalog")

    @migrations()
    def m001_initial(database: Database) -> None:
        for statement in _statements(_CATALOG_001):
            database.conn.execute(statement)
        database.conn.execute("PRAGMA user_version = 1")

    return migrations


def bring_up_to_date(
    connection: Connection,
    path: Path,
    *,
    catalog: bool = False,
    fill: Callable[[Connection], None] = lambda connection: None,
) -> None:
    """Apply what is missing; a file that is new gets its first rows from `fill`, all or nothing.

    Raises `StoreTooNew` for a file of a newer program.
    """
    newest = CATALOG_VERSION if catalog else SHARD_VERSION
    if _version(connection, newest, path) == newest:
        return
    from sqlite_utils import Database  # noqa: PLC0415  (as above)

    migrations = catalog_migrations() if catalog else shard_migrations()
    # Taken before looking again: of two processes that find the same old file, one migrates it.
    with transaction(connection):
        found = _version(connection, newest, path)
        if found < newest:
            migrations.apply(Database(connection))
        if found == 0:
            fill(connection)


def shard_age(connection: Connection, path: Path) -> Literal["new", "older", "current"]:
    """How a shard's schema compares with this program's. Raises `StoreTooNew`."""
    version = _version(connection, SHARD_VERSION, path)
    if version == SHARD_VERSION:
        return "current"
    return "older" if version else "new"


def _version(connection: Connection, newest: int, path: Path) -> int:
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found > newest:
        raise StoreTooNew(
            f"the index was written by a newer dustlocal: {path}"
            f" (schema {found}, this program knows {newest})",
            hint="update dustlocal, or set DUSTLOCAL_HOME to another folder",
        )
    return int(found)


def erase_free_pages(connection: Connection) -> None:
    """Rewrite the file so that nothing deleted is left in it, its free pages or its log."""
    for table in TABLES:
        with transaction(connection):
            connection.execute(f"INSERT INTO {table} ({table}) VALUES ('optimize')")
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
