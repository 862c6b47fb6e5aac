"""Every older schema is brought up to date with its rows, a newer one is left alone.

`tests/data/schemas` has a dump of a database of each released schema: when a migration is added,
`python tests/data/schemas/dump.py` with the program before it writes the one it starts from.
"""

from __future__ import annotations

import runpy
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from index_child import finish, go, start
from index_dump import dump

from indexer.embed.scripted import ScriptedEmbedder
from indexer.errors import StoreTooNew
from indexer.index import Index
from indexer.store import schema, sqlite
from indexer.store.sqlite import Connection, connect

SCHEMAS = Path(__file__).parents[1] / "data" / "schemas"
_DUMP = runpy.run_path(str(SCHEMAS / "dump.py"))
SHARDS = sorted(SCHEMAS.glob("shard-*.sql"))
CATALOGS = sorted(SCHEMAS.glob("catalog-*.sql"))


def restored(script: Path, target: Path) -> Connection:
    connection = connect(target)
    _DUMP["restore"](connection, script.read_text("utf-8"))
    return connection


def shape(connection: Connection) -> dict[str, str]:
    rows = connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
    return {name: " ".join(sql.split()) for name, sql in rows.fetchall()}


def test_there_is_a_dump_of_every_schema() -> None:
    assert [path.stem for path in SHARDS] == [
        f"shard-{number:03}" for number in range(1, schema.SHARD_VERSION + 1)
    ]
    assert [path.stem for path in CATALOGS] == [
        f"catalog-{number:03}" for number in range(1, schema.CATALOG_VERSION + 1)
    ]


@pytest.mark.parametrize("script", [*SHARDS, *CATALOGS], ids=lambda path: path.stem)
def test_an_older_schema_becomes_the_newest_and_keeps_its_rows(
    script: Path, tmp_path: Path
) -> None:
    catalog = script in CATALOGS
    old, fresh = restored(script, tmp_path / "old.db"), connect(tmp_path / "fresh.db")
    counts = {table: count(old, table) for table in shape(old) if "_" not in table}
    assert sum(counts.values()) > 0
    for connection in (old, fresh):
        schema.bring_up_to_date(connection, tmp_path, catalog=catalog)
    assert shape(old) == shape(fresh)
    assert {table: count(old, table) for table in counts} == counts
    assert applied(old) == applied(fresh)
    assert old.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert old.execute("PRAGMA foreign_key_check").fetchall() == []
    old.close()
    fresh.close()


def count(connection: Connection, table: str) -> int:
    (number,) = connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()
    return int(number)


def applied(connection: Connection) -> list[str]:
    rows = connection.execute("SELECT name FROM _sqlite_migrations ORDER BY id")
    return [name for (name,) in rows.fetchall()]


@pytest.mark.parametrize("script", SHARDS, ids=lambda path: path.stem)
def test_an_index_with_an_older_schema_is_brought_up_to_date_by_its_next_use(
    script: Path, tmp_path: Path
) -> None:
    """Search and refresh go on from what is there, and the result equals a rebuild."""
    root = tmp_path / "source"
    _DUMP["make_source"](root)
    index, fresh = Index(tmp_path / "index"), Index(tmp_path / "fresh")
    source = index.add(str(root)).id
    shard, _ = index._shard(source)
    connection = restored(script, shard.path)
    connection.execute("UPDATE tree SET source = ?", (source,))
    connection.close()
    assert len(index.manifest(source)) == 3
    for each in (index, fresh):
        each.add(str(root))
        each.refresh(source)
        each.embed_pending(source, ScriptedEmbedder())
    assert dump(index, source) == dump(fresh, source)
    index.close()
    fresh.close()


@pytest.fixture
def next_schema(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The program as it will be when there is one migration more."""
    before = schema.shard_migrations

    def migrations():
        made = before()

        @made()
        def m999_next(database):
            database.conn.execute("ALTER TABLE tree ADD COLUMN note TEXT NOT NULL DEFAULT 'none'")
            database.conn.execute(f"PRAGMA user_version = {schema.SHARD_VERSION}")

        return made

    monkeypatch.setattr(schema, "shard_migrations", migrations)
    monkeypatch.setattr(schema, "SHARD_VERSION", schema.SHARD_VERSION + 1)
    return None


def test_a_migration_keeps_rows_and_is_recorded(next_schema: None, tmp_path: Path) -> None:
    connection = restored(SHARDS[-1], tmp_path / "old.db")
    trees = count(connection, "tree")
    schema.bring_up_to_date(connection, tmp_path / "old.db")
    assert connection.execute("SELECT note FROM tree").fetchall() == [("none",)] * trees
    assert applied(connection)[-1] == "m999_next"
    assert connection.execute("PRAGMA user_version").fetchone() == (schema.SHARD_VERSION,)
    schema.bring_up_to_date(connection, tmp_path / "old.db")
    connection.close()


def test_a_migration_that_fails_leaves_the_old_schema(
    next_schema: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = restored(SHARDS[-1], tmp_path / "old.db")
    before = (shape(connection), applied(connection))
    migrations = schema.shard_migrations

    def broken():
        made = migrations()

        @made()
        def m999_worse(database):
            raise ZeroDivisionError

        return made

    monkeypatch.setattr(schema, "shard_migrations", broken)
    with pytest.raises(ZeroDivisionError):
        schema.bring_up_to_date(connection, tmp_path / "old.db")
    assert (shape(connection), applied(connection)) == before
    connection.close()


@pytest.mark.parametrize("name", ["catalog.db", "shard"])
def test_a_newer_schema_is_left_alone_and_told(name: str, tmp_path: Path) -> None:
    root = tmp_path / "source"
    _DUMP["make_source"](root)
    index = Index(tmp_path / "index")
    source = index.add(str(root)).id
    index.refresh(source)
    shard, _ = index._shard(source)
    path = index.folder / name if name == "catalog.db" else shard.path
    index.close()
    connection = connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreTooNew) as caught:
        Index(index.folder).add(str(root))
        Index(index.folder).refresh(source)
    assert str(path) in str(caught.value)
    assert "schema 99, this program knows 1" in str(caught.value)
    assert "update dustlocal" in caught.value.hint
    assert path.read_bytes() == before


def test_a_file_that_another_process_is_making_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "new.db"
    other = sqlite.driver.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("CREATE TABLE made (x)")
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        other.execute("COMMIT")

    monkeypatch.setattr(sqlite.time, "sleep", wait)
    connection = connect(path)
    assert len(waits) == 1
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert "made" in shape(connection)
    connection.close()
    other.close()


def test_processes_that_open_a_new_index_at_once_make_one_schema(tmp_path: Path) -> None:
    root = tmp_path / "source"
    _DUMP["make_source"](root)
    children = [start(tmp_path / "index", f"add:{root}", f"refresh:{root}") for _ in range(4)]
    for child in children:
        go(child)
    for child in children:
        status, said = finish(child)
        assert status == 0, said
    for path in (tmp_path / "index").glob("*.db"):
        connection = connect(path)
        assert applied(connection) == ["m001_initial"]
        connection.close()
    shutil.rmtree(tmp_path / "index")
