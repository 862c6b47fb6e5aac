"""Where to look: the options that `search` and `ask` share, as the scope of a request."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import click

from dustlocal import api
from dustlocal.cli.output import Narrator, narrate, narrator
from dustlocal.client import Client
from dustlocal.errors import UsageError

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

_SPAN_SECONDS = {
    "h": 3_600, "d": 86_400, "w": 7 * 86_400, "m": 30 * 86_400, "y": 365 * 86_400,
}  # fmt: skip
_SPAN = re.compile(r"(\d+)\s*([hdwmy])")


def scope_options(command: CommandT) -> CommandT:
    """Add `--source`, `--all` and `--no-wait`."""
    for option in (
        click.option(
            "--no-wait",
            is_flag=True,
            help="Answer from what is indexed so far, even if that is not all of it.",
        ),
        click.option("--all", "everywhere", is_flag=True, help="Look into every known source."),
        click.option(
            "--source",
            "sources",
            multiple=True,
            metavar="PATH|NAME",
            help="Look into this source, or only below this path of one. May be repeated.",
        ),
    ):
        command = option(command)
    return command


def scope_of(sources: tuple[str, ...], *, everywhere: bool) -> api.Scope:
    """The scope that the options mean, seen from the current folder."""
    if everywhere and sources:
        raise UsageError("--all and --source exclude each other")
    here = current_folder()
    if everywhere:
        return api.Scope(everywhere=True, path=here)
    named = tuple(_absolute(item, here) for item in sources)
    return api.Scope(path=here, sources=named, add=True)


def current_folder() -> str:
    """The folder in which the user stands. Errors: `UsageError` when it was deleted."""
    try:
        return os.getcwd()
    except FileNotFoundError:
        raise UsageError(
            "the current folder does not exist any more", hint="cd into another one"
        ) from None


def text_argument(text: str) -> str:
    """The argument, or all of stdin for `-`."""
    if text != "-":
        return text
    return sys.stdin.buffer.read(api.MAX_BODY_BYTES).decode("utf-8", "replace")


def since_option(value: str | None) -> int:
    """Unix seconds of a date (2026-01-31) or a span back from now (12h, 3d, 2w, 6m, 1y)."""
    if not value:
        return 0
    span = _SPAN.fullmatch(value.strip().lower())
    if span:
        return max(0, int(time.time()) - int(span[1]) * _SPAN_SECONDS[span[2]])
    try:
        return int(datetime.fromisoformat(value.strip()).timestamp())
    except (ValueError, OverflowError):
        raise UsageError(
            f"--since {value}: neither a date nor a span",
            hint="write 2026-01-31, 12h, 3d, 2w, 6m or 1y",
        ) from None


def prepare(client: Client, scope: api.Scope, *, wait: bool) -> None:
    """Wait until the scope has been indexed once, and show how that goes."""
    if not wait:
        return
    with narrator() as told:
        client.prepare(api.PrepareRequest(scope=scope), _only_files(told))


def connect(*, may_start: bool = True) -> Client:
    """The client as commands use it: it tells the user what it does to the daemon."""
    return Client(narrate=narrate, may_start=may_start)


def _only_files(told: Narrator) -> Callable[[api.Event], None]:
    """Commits and vectors go on in the background: nobody waits for them here."""

    def on_event(event: api.Event) -> None:
        if not isinstance(event, api.Progress) or event.phase == "files":
            told(event)

    return on_event


def _absolute(item: str, here: str) -> str:
    """A path made absolute; what may be a name stays as it is."""
    is_path = "/" in item or item in (".", "..") or item.startswith("~")
    return os.path.join(here, os.path.expanduser(item)) if is_path else item
