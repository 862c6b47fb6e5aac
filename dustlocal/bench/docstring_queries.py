"""Queries from docstrings: a function's docstring, taken out of the code, asks for the function."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_MIN_WORDS: Final = 4
_FIELD: Final = re.compile(r"^\s*(:\w+|\.\. |Args:|Arguments:|Parameters|Returns:|Raises:|Example)")


@dataclass(frozen=True, slots=True)
class DocstringQuery:
    """A docstring or its first paragraph, and where its function is once docstrings are gone.

    `line` is the line of its `def`, which the removal leaves where it was.
    """

    text: str
    path: str
    line: int
    end_line: int


def stripped(path: str, source: str, *, whole: bool = False) -> tuple[str, list[DocstringQuery]]:
    """A Python file without the docstrings of its functions, and the queries they make.

    Docstring lines are emptied, not removed, so lines keep their numbers.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return source, []
    lines = source.split("\n")
    queries = []
    for function, docstring in _documented(tree):
        words = ast.get_docstring(function) or ""
        text = " ".join(words.split()) if whole else first_paragraph(words)
        # One that shares its line with code stays there, and would find itself.
        if _blank(lines, docstring) and len(text.split()) >= _MIN_WORDS:
            end = function.end_lineno or function.lineno
            queries.append(DocstringQuery(text, path, function.lineno, end))
    return "\n".join(lines), queries


def _documented(
    tree: ast.AST,
) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, ast.Expr]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        first = node.body[0]
        if ast.get_docstring(node) and isinstance(first, ast.Expr) and len(node.body) > 1:
            yield node, first


def _blank(lines: list[str], node: ast.Expr) -> bool:
    """Empty the lines of a docstring that stands on lines of its own; whether it does."""
    start, end = node.lineno - 1, node.end_lineno or node.lineno
    if lines[start][: node.col_offset].strip():
        return False
    for number in range(start, end):
        lines[number] = ""
    return True


def first_paragraph(docstring: str) -> str:
    """A docstring's first paragraph on one line, up to its field list."""
    kept = []
    for line in docstring.split("\n"):
        if not line.strip() or _FIELD.match(line):
            break
        kept.append(line.strip())
    return " ".join(kept)
