"""A planted credential of each kind in every sort of file, and the search for what leaked."""

from __future__ import annotations

import base64
import runpy
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from indexer.store.sqlite import Connection, connect
from indexer.store.words import TABLES

_DATA = runpy.run_path(str(Path(__file__).parent / "data" / "credentials.py"))
PLANTED: tuple[Any, ...] = _DATA["PLANTED"]
PASSWORD: str = _DATA["PASSWORD"]
PRIVATE_KEYS = [_DATA["private_key"](label) for label in ("RSA", "EC", "OPENSSH", "")]
KEY_LINES = [line for key in PRIVATE_KEYS for line in key.split("\n")[1:-1]]

# A word of the index is at least this much of a secret before it says anything of it.
TELLING = 12


def secrets() -> list[str]:
    return [PASSWORD, *KEY_LINES, *(planted.secret for planted in PLANTED)]


def files() -> dict[str, str]:
    """Every credential in code, configuration, documents and an environment file."""
    named = [(planted.variable, planted.secret) for planted in PLANTED]
    keys = "\n\n".join(PRIVATE_KEYS)
    return {
        "settings.py": "".join(f'{name.upper()} = "{secret}"\n' for name, secret in named),
        "deploy.yaml": "".join(f"{name}: {secret}\n" for name, secret in named),
        ".env": "".join(f"{name.upper()}={secret}\n" for name, secret in named),
        "notes.md": "# Access\n\n" + "".join(f"The {n} is `{s}`.\n\n" for n, s in named),
        "keys.txt": f"before\n{keys}\nafter\n",
        "db.toml": f'url = "postgres://ada:{PASSWORD}@db.internal:5432/app"\n',
        "page.html": "".join(f"<p>{name}: <code>{secret}</code></p>\n" for name, secret in named),
    }


def message() -> str:
    lines = [f"{planted.variable}={planted.secret}" for planted in PLANTED]
    return "\n".join(["Remove what leaked", "", *lines, "", *PRIVATE_KEYS])


def held(folder: Path) -> list[tuple[str, str]]:
    """Which credentials stand in which file below a folder, in any form that it keeps."""
    found = []
    # All bytes first: looking into a database removes its log.
    stored = {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    for path, text in stored.items():
        spelt = "\n".join(plain_texts(path)).lower()
        for secret in secrets():
            encoded = base64.b64encode(secret.encode())
            if secret.encode() in text or encoded in text or secret.lower() in spelt:
                found.append((path.name, secret))
        found += [(path.name, word) for word in words(path) if gives_away(word)]
    return found


def gives_away(word: str) -> bool:
    """Whether a word of the index is a good part of a credential."""
    return len(word) >= TELLING and any(word in secret.lower() for secret in secrets())


def plain_texts(path: Path) -> Iterator[str]:
    for connection in opened(path):
        tables = {
            name
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'"
            ).fetchall()
        }
        for table in tables:
            for row in connection.execute(f'SELECT * FROM "{table}"').fetchall():
                yield from filter(None, map(plain_text, row))


def plain_text(value: object) -> str | None:
    if isinstance(value, bytes):
        try:
            return zlib.decompress(value).decode("utf-8", "replace")
        except zlib.error:
            return value.decode("latin-1")
    return value if isinstance(value, str) else None


def words(path: Path) -> Iterator[str]:
    """Every word that a search could find."""
    for connection in opened(path):
        known = connection.execute("SELECT name FROM sqlite_schema").fetchall()
        for table in TABLES:
            if (table,) in known:
                connection.execute(
                    f"CREATE VIRTUAL TABLE temp.v_{table} USING fts5vocab(main, {table}, row)"
                )
                for (term,) in connection.execute(f"SELECT term FROM v_{table}"):
                    yield term


def opened(path: Path) -> Iterator[Connection]:
    if path.suffix == ".db":
        connection = connect(path)
        yield connection
        connection.close()
