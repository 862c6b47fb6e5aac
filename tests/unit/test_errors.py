"""One tree: every error has an exit code, a status, a JSON-RPC code, and crosses the socket."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dustlocal import errors
from dustlocal.api import ErrorBody
from dustlocal.errors import DustLocalError


def tree(kind: type[DustLocalError] = DustLocalError) -> Iterator[type[DustLocalError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from tree(child)


@pytest.mark.parametrize("kind", list(tree()))
def test_every_error_crosses_the_socket_as_itself(kind: type[DustLocalError]) -> None:
    error = kind("what happened", hint="what to do")
    back = errors.raised_from(errors.error_body(error))
    assert type(back) is kind
    assert (str(back), back.hint) == ("what happened", "what to do")


@pytest.mark.parametrize("kind", list(tree()))
def test_every_error_has_a_place_in_each_table(kind: type[DustLocalError]) -> None:
    error = kind("x")
    assert errors.exit_code(error) in (2, 3)
    assert 400 <= errors.http_status(error) < 600
    assert errors.json_rpc_code(error) in (-32602, -32603, -32803)


@pytest.mark.parametrize(
    ("kind", "code", "status"),
    [
        (errors.ConfigError, 2, 400),
        (errors.QueryError, 2, 400),
        (errors.RequestTooLarge, 2, 413),
        (errors.ScopeError, 3, 404),
        (errors.SourceNotFound, 3, 404),
        (errors.BareRepository, 3, 409),
        (errors.DaemonUnreachable, 3, 503),
        (errors.VersionMismatch, 3, 409),
        (errors.StoreFull, 3, 507),
        (errors.WeightsMissing, 3, 503),
        (errors.InternalError, 3, 500),
    ],
)
def test_the_nearest_class_decides(kind: type[DustLocalError], code: int, status: int) -> None:
    assert (errors.exit_code(kind("x")), errors.http_status(kind("x"))) == (code, status)


def test_an_error_of_a_newer_daemon_is_still_an_error() -> None:
    error = errors.raised_from(ErrorBody(code="FromTheFuture", message="m", hint="h"))
    assert type(error) is errors.DaemonError
    assert str(error) == "m"


def test_the_docstring_draws_every_class_of_this_module() -> None:
    own = {kind.__name__ for kind in tree() if kind.__module__ == errors.__name__}
    assert own
    assert not {name for name in own if name not in (errors.__doc__ or "")}
