"""What a shard knows of the sources in it: enough to make a lost catalog anew."""

from __future__ import annotations

import json
from typing import Final

from indexer.model import Source, SourceId
from indexer.store.sqlite import Connection, DatabaseError

_PREFIX: Final = "source:"


def has_source_record(connection: Connection, source: Source) -> bool:
    """Whether the shard's record of `source` is there and says the same."""
    row = connection.execute(
        "SELECT value FROM setting WHERE name = ?", (_PREFIX + source.id,)
    ).fetchone()
    return row is not None and row[0] == _encoded(source)


def write_source_record(connection: Connection, source: Source) -> None:
    """Record a source, or what has changed of it."""
    connection.execute(
        "INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)",
        (_PREFIX + source.id, _encoded(source)),
    )


def drop_source_record(connection: Connection, source: SourceId) -> None:
    """Forget a source."""
    connection.execute("DELETE FROM setting WHERE name = ?", (_PREFIX + source,))


def read_source_records(connection: Connection) -> list[Source]:
    """Every source that is recorded in the shard, by id."""
    rows = connection.execute(
        "SELECT name, value FROM setting WHERE name > ? AND name < ? ORDER BY name",
        (_PREFIX, _PREFIX + "~"),
    )
    return [_decoded(name.removeprefix(_PREFIX), value) for name, value in rows.fetchall()]


def _encoded(source: Source) -> str:
    return json.dumps([source.name, source.root, source.git_dir, source.common_dir])


def _decoded(number: str, value: str) -> Source:
    try:
        name, root, git_dir, common_dir = json.loads(value)
    except ValueError as error:
        raise DatabaseError(f"a source's record is malformed: {error}") from error
    return Source(SourceId(number), name, root, git_dir, common_dir)
