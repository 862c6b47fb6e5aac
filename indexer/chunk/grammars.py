"""Grammars and their row of `definitions.toml`, loaded when a file first needs them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from tree_sitter import Language, Query


@dataclass(frozen=True, slots=True)
class Grammar:
    """A grammar, the query that finds its definitions, and two facts a query can't say."""

    language: Language
    query: Query
    attached: frozenset[str]
    dropped: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Row:
    query: str = ""
    attached: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


@cache
def load_grammar(name: str) -> Grammar:
    """The grammar called `name` in tree-sitter-language-pack.

    The first load of one costs 5 to 200 ms (a shared library, then the compilation of the
    query). A grammar without a row has no definitions; its nodes still say where to cut.
    """
    from tree_sitter import Query  # noqa: PLC0415 (loaded with the first file of code)
    from tree_sitter_language_pack import get_language  # noqa: PLC0415

    row = _row(name)
    language = get_language(cast("Any", name))
    return Grammar(
        language,
        Query(language, row.query),
        frozenset(row.attached),
        frozenset(row.dropped),
    )


def _row(name: str) -> _Row:
    table = _tables().get(name, {})
    base = _row(table["extends"]) if "extends" in table else _Row()
    return _Row(
        base.query + table.get("query", ""),
        base.attached + tuple(table.get("attached", ())),
        base.dropped + tuple(table.get("dropped", ())),
    )


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("definitions.toml").read_text("utf-8"))
