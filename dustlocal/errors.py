"""The one error tree of the product, and the only tables that map it outwards.

::

    DustLocalError                 every error a user may see: what happened, to what, what next
    ├── SourceError …              see `indexer.errors`, whose classes are exported here too
    ├── GitError
    ├── StoreError …
    ├── EmbeddingError …           and `dustlocal.models.wheel.PullFailed`, a `WeightsMissing`
    ├── QueryError
    ├── UsageError                 the command or the request makes no sense as it was given
    │   ├── RequestInvalid         a body that is not the message the route expects
    │   ├── RequestTooLarge        a body over the limit
    │   └── ConfigError            a settings file (or a setting) that can't be used
    ├── ScopeError                 nothing is known where the user stands, or under that name
    ├── PlaceUnusable              one of our own folders can't be used, or is not ours
    ├── DaemonError                the daemon is in trouble
    │   ├── DaemonFailedToStart    it was started and ended, or did not answer in time
    │   ├── DaemonUnreachable      it runs and does not answer, or may not be started
    │   │   └── ConnectionBroke    it went away in the middle of a request
    │   ├── DaemonStopping         it is on its way out and takes no new work
    │   └── VersionMismatch        client and daemon are of different versions
    ├── WorkerDied                 the indexing or embedding process ended in the middle of a job
    ├── StoreBusy                  another process is writing the index
    └── InternalError              a bug: the log has the traceback

An error crosses the socket as `api.ErrorBody` and is raised again, as the same class, by the
client: what the user reads does not depend on which process noticed.
"""

from __future__ import annotations

from dustlocal.api import ErrorBody
from indexer.errors import (
    BareRepository,
    DustLocalError,
    EmbeddingError,
    GitError,
    QueryError,
    SourceError,
    SourceNotFound,
    SourceUnreadable,
    SqliteUnsuitable,
    StoreDamaged,
    StoreError,
    StoreFull,
    StoreReadOnly,
    StoreTooNew,
    WeightsMissing,
)

__all__ = [
    "BareRepository",
    "ConfigError",
    "ConnectionBroke",
    "DaemonError",
    "DaemonFailedToStart",
    "DaemonStopping",
    "DaemonUnreachable",
    "DustLocalError",
    "EmbeddingError",
    "GitError",
    "InternalError",
    "PlaceUnusable",
    "QueryError",
    "RequestInvalid",
    "RequestTooLarge",
    "ScopeError",
    "SourceError",
    "SourceNotFound",
    "SourceUnreadable",
    "SqliteUnsuitable",
    "StoreBusy",
    "StoreDamaged",
    "StoreError",
    "StoreFull",
    "StoreReadOnly",
    "StoreTooNew",
    "UsageError",
    "VersionMismatch",
    "WeightsMissing",
    "WorkerDied",
    "error_body",
    "exit_code",
    "http_status",
    "json_rpc_code",
    "raised_from",
]


class UsageError(DustLocalError):
    """The command or the request makes no sense as it was given."""


class RequestInvalid(UsageError):
    """A body that is not the message the route expects."""


class RequestTooLarge(UsageError):
    """A body over the limit."""


class ConfigError(UsageError):
    """A settings file (or a setting) that can't be used; the message names file and key."""


class ScopeError(DustLocalError):
    """Nothing is known where the user stands, or under that name."""


class PlaceUnusable(DustLocalError):
    """One of our own folders can't be used, or is not ours."""


class DaemonError(DustLocalError):
    """The daemon is in trouble."""


class DaemonFailedToStart(DaemonError):
    """The daemon was started and ended, or did not answer in time."""


class DaemonUnreachable(DaemonError):
    """The daemon runs and does not answer."""


class ConnectionBroke(DaemonUnreachable):
    """The daemon went away in the middle of a request."""


class DaemonStopping(DaemonError):
    """The daemon is on its way out and takes no new work."""


class VersionMismatch(DaemonError):
    """Client and daemon are of different versions."""


class WorkerDied(DustLocalError):
    """The indexing or embedding process ended in the middle of a job."""


class StoreBusy(StoreError):
    """Another process is writing the index."""


class InternalError(DustLocalError):
    """A bug: the log has the traceback."""


INTERRUPTED = 130
"""The exit code of a command that was interrupted: 128 + SIGINT."""

NO_HIT = 1
"""The exit code of a search without a hit."""

_EXIT_CODES: dict[type[BaseException], int] = {
    UsageError: 2,
    QueryError: 2,
    DustLocalError: 3,
}

_HTTP_STATUS: dict[type[BaseException], int] = {
    RequestTooLarge: 413,
    UsageError: 400,
    QueryError: 400,
    ScopeError: 404,
    SourceNotFound: 404,
    SourceError: 409,
    VersionMismatch: 409,
    DaemonError: 503,
    WorkerDied: 503,
    GitError: 503,
    EmbeddingError: 503,
    StoreFull: 507,
    StoreError: 503,
    DustLocalError: 500,
}

_INVALID_PARAMS, _REQUEST_FAILED, _INTERNAL = -32602, -32803, -32603

_JSON_RPC: dict[type[BaseException], int] = {
    UsageError: _INVALID_PARAMS,
    QueryError: _INVALID_PARAMS,
    InternalError: _INTERNAL,
    DustLocalError: _REQUEST_FAILED,
}


def _nearest(table: dict[type[BaseException], int], kind: type[BaseException]) -> int:
    return next(table[parent] for parent in kind.__mro__ if parent in table)


def exit_code(error: DustLocalError) -> int:
    """2 for what the user has to word differently, 3 for a daemon, store or source in trouble."""
    return _nearest(_EXIT_CODES, type(error))


def http_status(error: DustLocalError) -> int:
    """The status of the response that carries `error` as its body."""
    return _nearest(_HTTP_STATUS, type(error))


def json_rpc_code(error: DustLocalError) -> int:
    """The code of a JSON-RPC error response (the LSP's numbers; RequestFailed is LSP 3.17's)."""
    return _nearest(_JSON_RPC, type(error))


def error_body(error: DustLocalError) -> ErrorBody:
    """What crosses the socket: the class's name, the text and the hint."""
    return ErrorBody(code=type(error).__name__, message=str(error), hint=error.hint)


def raised_from(body: ErrorBody) -> DustLocalError:
    """The error that `body` stands for, of the same class; unknown names become `DaemonError`."""
    kind = _by_name(DustLocalError).get(body.code, DaemonError)
    return kind(body.message, hint=body.hint)


def _by_name(kind: type[DustLocalError]) -> dict[str, type[DustLocalError]]:
    found = {kind.__name__: kind}
    for child in kind.__subclasses__():
        found |= _by_name(child)
    return found
