"""`dustlocal index`."""

from __future__ import annotations

import os

import click

from dustlocal import api, locks
from dustlocal.cli import output
from dustlocal.cli.output import Narrator, narrator
from dustlocal.cli.scope import connect, current_folder, scope_of
from dustlocal.errors import ScopeError
from dustlocal.paths import places


@click.command("index")
@click.argument("path", default="")
@click.option("--all", "everywhere", is_flag=True, help="Index every known source.")
@click.option("--once", is_flag=True, help="Without starting a daemon: for CI and scripts.")
@click.option("--lexical", is_flag=True, help="Leave vectors out.")
@click.option("--pause", is_flag=True, help="Only stop making vectors in the background.")
@click.option("--resume", is_flag=True, help="Only go on making them.")
@click.option("--json", "as_json", is_flag=True, help="How it ended, as a JSON object.")
def index_command(
    path: str,
    everywhere: bool,
    once: bool,
    lexical: bool,
    pause: bool,
    resume: bool,
    as_json: bool,
) -> int:
    """Bring the index of PATH (or of the source around the current folder) up to date.

    Returns when files, commits and vectors are complete. A daemon that runs does the work;
    without one, --once does it in this very process.
    """
    if pause or resume:
        return _pause(paused=pause)
    target = os.path.join(current_folder(), os.path.expanduser(path)) if path else ""
    scope = scope_of((target,) if target else (), everywhere=everywhere)
    request = api.IndexRequest(scope=scope, lexical=lexical)
    in_process = once and locks.holder(places().daemon_lock) is None
    work = _in_this_process if in_process else _through_daemon
    with narrator() as told:
        try:
            finished = work(request, told, "")
        except ScopeError:
            if not target:
                raise
            # A folder without git that was named outright: that is adding it.
            finished = work(request, told, target)
    if as_json:
        output.write_json(finished)
    if finished.detail:
        output.narrate(finished.detail)
    return 0


def _pause(*, paused: bool) -> int:
    with connect() as client:
        client.pause(api.PauseRequest(paused=paused))
    output.narrate("vectors: paused" if paused else "vectors: going on")
    return 0


def _through_daemon(request: api.IndexRequest, told: Narrator, add: str) -> api.Finished:
    with connect() as client:
        if add:
            client.add(api.AddRequest(path=add))
        return client.index(request, told)


def _in_this_process(request: api.IndexRequest, told: Narrator, add: str) -> api.Finished:
    from dustlocal.inprocess import index_once

    return index_once(request, places(), told, add=add)
