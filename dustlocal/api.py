"""The typed messages that client and daemon share: the one place where the two wings meet.

JSON over HTTP on a Unix socket. Fields left out take their defaults, unknown fields are ignored,
so that a client and a daemon of neighbouring versions still understand each other. Lines are
1-based and inclusive; times are Unix seconds (UTC); paths are relative to their source.
"""

from __future__ import annotations

from typing import Literal

import msgspec

KindName = Literal["code", "document", "commit"]


class Scope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where to look. Exactly one of the three is used: `everywhere`, `sources`, else `path`.

    `path` is absolute: the folder the user stands in (the whole source that holds it is meant) or,
    with `subtree`, a path inside a source (only what lies below it is meant). `add` asks to add
    the repository around `path` when it is not known yet; the home folder and `/` never are.
    """

    path: str = ""
    subtree: bool = False
    sources: tuple[str, ...] = ()
    everywhere: bool = False
    add: bool = False


class SearchRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A query with its filters. `kinds` empty means code and documents."""

    query: str
    scope: Scope
    k: int = 10
    path_glob: str = ""
    language: str = ""
    kinds: tuple[KindName, ...] = ()
    since: int = 0


class CoverageInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What could be seen: files, except where the name says chunks, vectors or commits."""

    indexed: int = 0
    pending: int = 0
    chunks: int = 0
    vectors_pending: int = 0
    commits: int = 0
    commits_pending: int = 0
    skipped: int = 0
    failed: int = 0
    seconds_behind: float = 0.0
    notes: tuple[str, ...] = ()


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A passage, best first in a list of them. A commit has `commit` in place of the lines."""

    source: str
    path: str
    start_line: int
    end_line: int
    symbol: str
    kind: KindName
    language: str
    score: float
    text: str
    commit: str | None = None
    time: int = 0


class SearchResponse(msgspec.Struct, frozen=True, kw_only=True):
    """Hits, what was covered, and the source that was added on the way ("" for none)."""

    hits: tuple[Hit, ...]
    coverage: CoverageInfo
    searched: tuple[str, ...] = ()
    added: str = ""
    milliseconds: float = 0.0


class Citation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Lines of a file as indexed, or a commit."""

    source: str
    path: str = ""
    start_line: int = 0
    end_line: int = 0
    commit: str = ""


class Sentence(msgspec.Struct, frozen=True, kw_only=True):
    """One sentence (or one quoted piece of code) of an answer, with what proves it."""

    text: str
    citations: tuple[Citation, ...]


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A further place worth opening."""

    citation: Citation
    symbol: str = ""
    why: str = ""


class AskRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A question. `use_model=False` answers by extraction only."""

    question: str
    scope: Scope
    agent: str = ""
    use_model: bool = True


class AskResponse(msgspec.Struct, frozen=True, kw_only=True):
    """An answer whose every sentence cites, or a refusal that says what came closest."""

    answer: str
    refused: bool
    citations: tuple[Citation, ...]
    sentences: tuple[Sentence, ...]
    coverage: CoverageInfo
    further: tuple[Place, ...] = ()
    searched: tuple[str, ...] = ()
    added: str = ""
    milliseconds: float = 0.0


class SourceInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A known source. `state` is indexing, ready, missing or failed; `watching` how it is kept."""

    id: str
    name: str
    root: str
    state: Literal["indexing", "ready", "missing", "failed"]
    coverage: CoverageInfo
    watching: Literal["watching", "polling", "off"] = "off"
    watching_reason: str = ""
    trusted: bool = False
    problem: str = ""
    vectors_eta_seconds: float | None = None


class SkipInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is there and is not indexed, with the reason."""

    source: str
    path: str
    reason: str
    detail: str = ""


class StatusResponse(msgspec.Struct, frozen=True, kw_only=True):
    """The daemon and its sources. `model` names the embedder (and later the chat model)."""

    pid: int
    version: str
    uptime_seconds: float
    sources: tuple[SourceInfo, ...]
    coverage: CoverageInfo
    model: str
    network: Literal["off", "on"]
    home: str
    skipped: tuple[SkipInfo, ...] = ()
    problems: tuple[str, ...] = ()


class AddRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Add the source at an absolute path."""

    path: str


class RemoveRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Forget a source (by name, id or absolute path) and everything stored of it."""

    source: str


class IndexRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Bring the scope's index up to date and wait; `lexical` leaves vectors out."""

    scope: Scope
    lexical: bool = False


class PrepareRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Make the scope searchable: add its repository if asked to, and wait for the first pass.

    The answer is a stream of events; it ends at once when there is nothing to wait for.
    """

    scope: Scope


class TrustRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Trust the configuration that a source carries, as it is now (by content hash)."""

    source: str
    revoke: bool = False


class PauseRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Stop making vectors in the background, or go on. A daemon that starts is not paused."""

    paused: bool


class ModelsChanged(msgspec.Struct, frozen=True, kw_only=True):
    """Word that models were pulled or removed; the answer is the same message."""


class TrustResponse(msgspec.Struct, frozen=True, kw_only=True):
    """What is trusted now: the source, and the paths whose content was recorded."""

    source: str
    root: str
    trusted: bool
    paths: tuple[str, ...] = ()


class Hello(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers at the socket."""

    version: str
    pid: int


class Progress(msgspec.Struct, frozen=True, kw_only=True, tag="progress"):
    """Work under way: `phase` is files, commits or vectors; `eta_seconds` None when unknown."""

    source: str
    phase: Literal["files", "commits", "vectors"]
    done: int
    total: int
    eta_seconds: float | None = None


class SourceChanged(msgspec.Struct, frozen=True, kw_only=True, tag="source-changed"):
    """A source was added, removed, refreshed, or is in trouble; `detail` says more."""

    source: str
    what: Literal["added", "removed", "refreshed", "failed", "missing", "rebuilt"]
    detail: str = ""


class Finished(msgspec.Struct, frozen=True, kw_only=True, tag="finished"):
    """The last event of a stream that belongs to one request."""

    ok: bool = True
    detail: str = ""


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag="failed"):
    """The request of this stream failed; the fields are those of `ErrorBody`."""

    code: str
    message: str
    hint: str = ""


Event = Progress | SourceChanged | Finished | Failed


VERSION_HEADER = "dustlocal-version"
"""Sent with every request and response: a daemon refuses requests of another version."""

MAX_BODY_BYTES = 1_048_576
"""The largest request body: ten times the longest query that has to work."""


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """The body of every response that is not 2xx: the error class's name, its text, its hint."""

    code: str
    message: str
    hint: str = ""
