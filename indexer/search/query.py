"""What is asked of a search, and what it gives back."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from indexer.model import Coverage, Kind, Passage, SourceId

DEFAULT_KINDS: Final = frozenset({Kind.CODE, Kind.DOCUMENT})

Vector = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class QueryEmbedder:
    """How a query becomes a unit vector, and which embedder that is (as pinned in the store)."""

    id: str
    dimension: int
    embed: Callable[[str], Vector]


@dataclass(frozen=True, slots=True)
class Query:
    """A search in some sources.

    `prefix` restricts a source to a subtree (relative path, "" for all of it). `path_glob` is
    matched against the relative path: `*` and `?` stay within a folder, `**` crosses folders, a
    pattern without `/` is matched against the file's name. `since` is Unix seconds: files by
    their modification time, commits by theirs. `count_terms` asks for `term_frequency`.
    """

    text: str
    sources: tuple[SourceId, ...]
    k: int = 10
    prefix: Mapping[SourceId, str] = field(default_factory=dict)
    path_glob: str = ""
    language: str = ""
    kinds: frozenset[Kind] = DEFAULT_KINDS
    since: int = 0
    count_terms: bool = False


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Passages, best first, and what they were chosen from.

    `term_frequency`: for each search term, in how many of the `chunk_count` chunks (of all
    shards that were searched) it occurs; empty unless it was asked for.
    """

    passages: tuple[Passage, ...]
    coverage: Coverage
    term_frequency: Mapping[str, int] = field(default_factory=dict)
    chunk_count: int = 0


def glob_pattern(glob: str) -> re.Pattern[str]:
    """A regular expression that matches the whole relative path, or the name if there is no `/`."""
    anchored = "/" in glob.strip("/")
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", glob.strip("/"))
    translated = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    body = "".join(translated.get(part) or re.escape(part) for part in parts)
    return re.compile(rf"{body}(?:/.*)?\Z" if anchored else rf"(?:.*/)?{body}(?:/.*)?\Z", re.DOTALL)
