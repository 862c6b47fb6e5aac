"""The nouns: what is indexed, what it becomes, and what a search gives back.

Lines are 1-based and inclusive everywhere. Paths are relative to their source, with `/`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

SourceId = NewType("SourceId", str)


class Kind(StrEnum):
    """What sort of document a passage comes from."""

    CODE = "code"
    DOCUMENT = "document"
    COMMIT = "commit"


class SkipReason(StrEnum):
    """Why a file that is there is not indexed. Stored, and shown by `status --skipped`."""

    BINARY = "binary"
    OVERSIZED = "oversized"
    MINIFIED = "minified"
    GENERATED = "generated"
    UNREADABLE = "unreadable"
    UNDECODABLE_NAME = "undecodable-name"
    NOT_A_FILE = "not-a-file"
    OUTSIDE_LINK = "link"
    NESTED_SOURCE = "nested-source"
    EXTRACTION_FAILED = "extraction-failed"


@dataclass(frozen=True, slots=True)
class Source:
    """A folder that is indexed: a git work tree's root, or any folder.

    `root` is the real path. `common_dir` is the real path of the git folder that all work trees
    of one repository share (None without git): sources with the same one share their content.
    """

    id: SourceId
    name: str
    root: str
    git_dir: str | None = None
    common_dir: str | None = None


@dataclass(frozen=True, slots=True)
class FileState:
    """What `lstat` says of a file: enough to tell whether it must be read again."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class Skip:
    """A file that is there and is not indexed, with the reason."""

    path: str
    reason: SkipReason
    detail: str = ""
    state: FileState | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """What a walk of a source found: files that belong by name, place and size, and the others.

    `folders` are the folders (relative, "" for the root) that hold at least one of `files`.
    """

    files: dict[str, FileState]
    skips: dict[str, Skip]
    folders: frozenset[str]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document. The chunks of a document, in order, tile its text exactly.

    `symbol` is the dotted path of the definition (`Client.send`) or the heading path
    (`Install > On macOS`) it belongs to, "" for none. `defines` are the bare names that are
    defined in this chunk (functions, classes, methods, constants where the grammar tells).
    """

    start_line: int
    end_line: int
    text: str
    symbol: str = ""
    defines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit that is reachable from HEAD. `time` is the committer's, in Unix seconds (UTC)."""

    sha: str
    author: str
    time: int
    subject: str
    body: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """A search hit: a chunk, or a commit (then `commit` is set and the lines are 0).

    `score` is fused from the legs and relative to its query; `cosine` and `bm25` (higher is
    better) are the legs' own measures, None where a leg did not bring this passage.
    """

    source: SourceId
    source_name: str
    path: str
    start_line: int
    end_line: int
    symbol: str
    kind: Kind
    language: str
    score: float
    text: str
    blob: str
    commit: str | None = None
    time: int = 0
    cosine: float | None = None
    bm25: float | None = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """What an answer could see. Counts are files, but `vectors_pending` and `commits` say so.

    `seconds_behind` is the age of the oldest change on disk that is known and not yet indexed
    (0.0: none is known); `notes` are sentences for the user ("vectors: weights missing, …").
    """

    indexed: int = 0
    pending: int = 0
    chunks: int = 0
    vectors_pending: int = 0
    commits: int = 0
    commits_pending: int = 0
    skipped: int = 0
    failed: int = 0
    seconds_behind: float = 0.0
    notes: tuple[str, ...] = field(default=())
