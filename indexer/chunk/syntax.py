"""Parsing source that may be hostile: bounded in time and memory, or no tree at all.

Error recovery makes some grammars grow without bound (the pack's Java takes 920 MB for 20 kB of
`a<a<a<…`, Lua 1.2 GB for 30 kB of prose), sometimes in one step that can't be interrupted.
Input made of endless repetition is therefore not parsed, and any other parse is watched.
"""

from __future__ import annotations

import sys
import time
import zlib
from typing import TYPE_CHECKING, Final

if sys.platform != "win32":
    import resource

if TYPE_CHECKING:
    from collections.abc import Callable

    from tree_sitter import Tree

    from indexer.chunk.grammars import Grammar

_SLICE: Final = 1 << 16

# The source files of six repositories compress 2 to 8.3 times at zlib's fastest level.
_REPETITIVE: Final = 4_096
_REPETITION: Final = 40

# A megabyte of source takes 0.15 to 0.6 s and 15 to 45 MB. The pack's Scala is the exception
# (1.2 kB for each byte): its files above some 200 kB are cut by lines.
_SECONDS: Final = 10.0
_GROWTH: Final = 256 << 20
_PEAK_UNIT: Final = 1 if sys.platform == "darwin" else 1024
_MAX_BYTES: Final = 16 << 20


def parse(source: bytes, grammar: Grammar) -> Tree | None:
    """The syntax tree of UTF-8 `source`; None where its parse would cost too much."""
    from tree_sitter import Parser  # noqa: PLC0415 (loaded with the first file of code)

    if len(source) > _MAX_BYTES or _is_repetition(source):
        return None
    # A parser for each file: threads may interleave in the callbacks, and it costs 1 µs.
    parser = Parser(grammar.language)
    view = memoryview(source)
    try:
        return parser.parse(
            lambda offset, _point: bytes(view[offset : offset + _SLICE]),
            progress_callback=_watch(),
        )
    except ValueError:  # how the binding says that the callback ended the parse
        return None


def _is_repetition(source: bytes) -> bool:
    if len(source) < _REPETITIVE:
        return False
    return len(zlib.compress(source, level=1)) * _REPETITION < len(source)


def _watch() -> Callable[[int, bool], bool]:
    """A callback that ends a parse, by returning true, which takes too long or too much."""
    deadline = time.monotonic() + _SECONDS
    ceiling = _peak() + _GROWTH

    def is_too_costly(_offset: int, _has_error: bool) -> bool:
        return time.monotonic() > deadline or _peak() > ceiling

    return is_too_costly


def _peak() -> int:
    """The most memory this process has held, in bytes; 0 where the system does not say."""
    if sys.platform == "win32":
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _PEAK_UNIT
