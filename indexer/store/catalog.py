"""The catalog: which sources are known, and in which shard each is stored.

It holds nothing that can't be found again: every shard keeps a record of the sources in it
(`source_record`), and a catalog that is new, because the last one was damaged, emptied or lost,
begins with those.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from indexer.errors import StoreDamaged, StoreError
from indexer.model import Source, SourceId
from indexer.sources import unique_name
from indexer.store.database_file import forget_set_aside, inode_of, one_at_a_time, set_aside
from indexer.store.schema import bring_up_to_date
from indexer.store.shard import Shard
from indexer.store.source_record import read_source_records
from indexer.store.sqlite import (
    Connection,
    DatabaseError,
    connect,
    transaction,
    translated_errors,
)

T = TypeVar("T")

log = logging.getLogger(__name__)

_SHARD_NAME_LENGTH = 16


def shard_name(source: Source) -> str:
    """Work trees of one repository share a shard; every other source has its own."""
    home = source.common_dir or source.root
    digest = hashlib.sha256(home.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:_SHARD_NAME_LENGTH]


class Catalog:
    """The list of sources in `catalog.db`. Safe to use from several threads and processes.

    `rebuilt` says that this object found the file damaged, set it aside and made it anew.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "catalog.db"
        self.rebuilt = False
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._inode: int | None = None

    def sources(self) -> list[Source]:
        """Every known source, by name."""
        columns = "id, name, root, git_dir, common_dir"
        rows = self._with(
            lambda opened: opened.execute(f"SELECT {columns} FROM source ORDER BY name").fetchall()
        )
        return [Source(SourceId(number), *rest) for number, *rest in rows]

    def shards(self) -> dict[SourceId, str]:
        """The shard that each source is stored in."""
        return self._with(lambda opened: dict(opened.execute("SELECT id, shard FROM source")))

    def add(self, source: Source) -> Source:
        """Record a source, or what has changed of a known one; a name that is taken is numbered."""

        def record(opened: Connection) -> Source:
            with transaction(opened):
                return _record(opened, source)

        return self._with(record)

    def remove(self, source: SourceId) -> None:
        """Forget a source, leaving none of its path in the file or in one that was set aside."""

        def forget(opened: Connection) -> None:
            opened.execute("DELETE FROM source WHERE id = ?", (source,))
            opened.execute("VACUUM")
            opened.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            forget_set_aside(self.path)

        self._with(forget)

    def close(self) -> None:
        """Close the connection; the next call opens it again."""
        with self._lock:
            self._close()

    def _with(self, work: Callable[[Connection], T]) -> T:
        """What `work` returns; once more with the catalog made anew where it was damaged."""
        with self._lock:
            try:
                with translated_errors(self.path):
                    return work(self._opened())
            except StoreDamaged:
                self._close()
            with translated_errors(self.path):
                return work(self._opened())

    def _opened(self) -> Connection:
        if self._connection is not None and self._inode != inode_of(self.path):
            self._close()
        if self._connection is None:
            try:
                self._connection = self._open()
            except StoreDamaged:
                self._connection = self._open_anew()
            self._inode = inode_of(self.path)
        return self._connection

    def _open(self) -> Connection:
        connection = connect(self.path)
        try:
            with translated_errors(self.path):
                bring_up_to_date(connection, self.path, catalog=True, fill=self._fill)
                # A few pages, so the whole of it can be looked at each time.
                (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
                if verdict != "ok":
                    raise DatabaseError(f"malformed: {verdict}")
        except BaseException:
            connection.close()
            raise
        return connection

    def _open_anew(self) -> Connection:
        with one_at_a_time(self.path.parent):
            try:
                return self._open()  # another process was faster
            except StoreDamaged:
                set_aside(self.path)
                self.rebuilt = True
                return self._open()

    def _fill(self, connection: Connection) -> None:
        """The sources that the shards know of. One that can't be read has to be added again."""
        for file in sorted(self.path.parent.glob("?" * _SHARD_NAME_LENGTH + ".db")):
            shard = Shard(file)
            try:
                with shard.reading() as opened:
                    for source in read_source_records(opened) if opened else []:
                        _record(connection, source)
            except StoreError as error:
                log.warning("its sources have to be added again: %s", error)
            finally:
                shard.close()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _record(connection: Connection, source: Source) -> Source:
    names = dict(connection.execute("SELECT id, name FROM source").fetchall())
    name = names.get(source.id) or unique_name(source.name, set(names.values()))
    named = replace(source, name=name)
    connection.execute(
        "INSERT INTO source (id, name, root, git_dir, common_dir, shard, added_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
        " git_dir = excluded.git_dir, common_dir = excluded.common_dir, shard = excluded.shard",
        (
            named.id,
            named.name,
            named.root,
            named.git_dir,
            named.common_dir,
            shard_name(named),
            int(time.time()),
        ),
    )
    return named
