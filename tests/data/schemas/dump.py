"""Write an index of the current schema as SQL: `python tests/data/schemas/dump.py`.

Run it before a migration is added: what it writes is what that migration starts from. Virtual
tables are dumped by their shadow tables, so that the very bytes that FTS5 and sqlite-vec wrote
are what a later program finds.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


def make_source(root: Path) -> None:
    """The files that are in every dump."""
    root.mkdir()
    (root / "alpha.py").write_text("def alpha(x):\n    return x + 1\n")
    (root / "notes.md").write_text("# Title\n\nWords on retries.\n\n## Below\n\nMore words.\n")
    (root / "beta.js").write_text("function beta() { return 1 }\n")
    (root / "logo.png").write_text("")


def restore(connection: Any, script: str) -> None:
    """Carry out a dump; the rows of `sqlite_schema` for virtual tables are written as they are."""
    connection.execute("PRAGMA writable_schema = ON")
    for statement in script.split(";\n"):
        if statement.strip():
            connection.execute(statement)
    connection.execute("PRAGMA writable_schema = RESET")


def dumped(connection: Any) -> Iterator[str]:
    """The statements of a dump, each ending in `;` and a line feed."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    rows = connection.execute(
        "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid"
    ).fetchall()
    tables = [row for row in rows if row[0] == "table" and row[1] != "sqlite_sequence"]
    virtual = [row for row in tables if row[2].startswith("CREATE VIRTUAL")]
    for _, name, sql in tables:
        if (_, name, sql) not in virtual:
            yield f"{sql};\n"
            yield from _inserts(connection, name)
    if any(row[1] == "sqlite_sequence" for row in rows):
        yield "DELETE FROM sqlite_sequence;\n"
        yield from _inserts(connection, "sqlite_sequence")
    for kind, _, sql in rows:
        if kind == "index":
            yield f"{sql};\n"
    for _, name, sql in virtual:
        (quoted,) = connection.execute("SELECT quote(?)", (sql,)).fetchone()
        yield (
            "INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql)"
            f" VALUES ('table', '{name}', '{name}', 0, {quoted});\n"
        )
    yield f"PRAGMA user_version = {version};\n"


def _inserts(connection: Any, table: str) -> Iterator[str]:
    columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")').fetchall()]
    quoted = ", ".join(f'quote("{column}")' for column in columns)
    for row in connection.execute(f'SELECT {quoted} FROM "{table}"').fetchall():
        yield f'INSERT INTO "{table}" VALUES ({", ".join(map(_shortened, row))});\n'


def _shortened(literal: str) -> str:
    """A blob's literal without the zeros that sqlite-vec reserves for vectors to come."""
    if not literal.startswith("X'") or len(literal) < 1000:
        return literal
    digits = literal[2:-1].rstrip("0")
    digits += "0" * (len(digits) % 2)
    zeros = (len(literal) - 3 - len(digits)) // 2
    return f"CAST(X'{digits}' || zeroblob({zeros}) AS BLOB)"


def main() -> None:
    """Index the source, and write `shard-NNN.sql` and `catalog-NNN.sql`."""
    from indexer.embed.scripted import ScriptedEmbedder
    from indexer.index import Index
    from indexer.store.schema import CATALOG_VERSION, SHARD_VERSION
    from indexer.store.sqlite import connect

    with tempfile.TemporaryDirectory() as home:
        root, folder = Path(home) / "source", Path(home) / "index"
        make_source(root)
        index = Index(folder)
        source = index.add(str(root)).id
        index.refresh(source)
        index.embed_pending(source, ScriptedEmbedder())
        index.close()
        for path in folder.glob("*.db"):
            version = CATALOG_VERSION if path.name == "catalog.db" else SHARD_VERSION
            kind = "catalog" if path.name == "catalog.db" else "shard"
            connection = connect(path)
            target = FOLDER / f"{kind}-{version:03}.sql"
            # Whatever made the dump, its source was at the same place.
            target.write_text("".join(dumped(connection)).replace(home, "/home/ada"), "utf-8")
            connection.close()


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[3]))
    main()
