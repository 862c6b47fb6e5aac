"""A Jupyter notebook to the source of its cells, line for line of its JSON.

Notebooks are stored one source line to a JSON line. Each such line becomes the source line it
encodes; every other line (metadata, outputs, images) becomes empty.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

_OPEN: Final = re.compile(r'\s*"source": \[\s*')
_CLOSE: Final = re.compile(r"\s*\],?\s*")
_ITEM: Final = re.compile(r'\s*("(?:[^"\\]|\\.)*+"),?\s*')

# Images and other output data in a notebook that has another layout.
_BASE64: Final = re.compile(r'"[A-Za-z0-9+/=\\]{500,}+')


def notebook_text(source: str) -> str:
    """The cells' sources on the lines that hold them; the JSON itself if it is laid out else."""
    expected = _source_lines(source)
    if expected is None:
        return source
    lines = _decoded_lines(source)
    if sum(line is not None for line in lines) != expected:
        return _BASE64.sub('"', source)
    return "\n".join(line or "" for line in lines)


def _source_lines(source: str) -> int | None:
    """How many source lines the cells of a notebook have, None if it is no notebook."""
    try:
        notebook: Any = json.loads(source)
        return sum(_line_count(cell["source"]) for cell in notebook["cells"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _line_count(source: Any) -> int:
    """-1 makes a total that no scan can reach: the notebook is read as plain JSON then."""
    if isinstance(source, list):
        return len(source)
    return 0 if source == "" else -(10**9)


def _decoded_lines(source: str) -> list[str | None]:
    lines: list[str | None] = []
    inside = False
    for raw in source.split("\n"):
        item = _ITEM.fullmatch(raw) if inside else None
        lines.append(_decoded(item[1]) if item else None)
        inside = bool(_OPEN.fullmatch(raw)) or (inside and not _CLOSE.fullmatch(raw))
    return lines


def _decoded(literal: str) -> str:
    """The string of a JSON literal on one line, whatever line ends it encodes."""
    text: str = json.loads(literal, strict=False)
    text = text.rstrip("\r\n").replace("\n", " ").replace("\0", "\ufffd")
    return text.encode("utf-8", errors="replace").decode("utf-8")
