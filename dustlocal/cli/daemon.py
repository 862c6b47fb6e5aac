"""`dustlocal up`, `down` and `status`."""

from __future__ import annotations

import time

import click

from dustlocal import api
from dustlocal.cli import output
from dustlocal.cli.scope import connect


@click.command("up")
@click.option("--json", "as_json", is_flag=True, help="The daemon's pid and version as JSON.")
def up_command(as_json: bool) -> int:
    """Start the daemon, unless it runs already."""
    with connect() as client:
        hello = client.hello()
    if as_json:
        output.write_json(hello)
    else:
        click.echo(f"the daemon runs: process {hello.pid}, version {hello.version}")
    return 0


@click.command("down")
def down_command() -> int:
    """Stop the daemon; requests under way are finished first."""
    with connect(may_start=False) as client:
        was_running = client.shutdown()
    click.echo("the daemon has stopped" if was_running else "no daemon was running")
    return 0


@click.command("status")
@click.option("--skipped", is_flag=True, help="List each file that is left out, and why.")
@click.option("--json", "as_json", is_flag=True, help="Everything as one JSON object.")
def status_command(skipped: bool, as_json: bool) -> int:
    """Show the daemon, its sources and what they cover."""
    with connect() as client:
        status = client.status(skipped=skipped)
    if as_json:
        output.write_json(status)
        return 0
    up = time.strftime("%H:%M:%S", time.gmtime(status.uptime_seconds))
    click.echo(f"daemon   process {status.pid}, version {status.version}, up {up}")
    click.echo(f"data     {status.home}")
    click.echo(f"model    {status.model}")
    click.echo(f"network  {status.network}")
    click.echo(f"covered  {output.coverage_line(status.coverage)}")
    for source in status.sources:
        _write_source(source)
    for note in status.coverage.notes:
        click.echo(f"note     {note}")
    for skip in status.skipped:
        detail = f" ({skip.detail})" if skip.detail else ""
        click.echo(f"skipped  {skip.source}  {skip.path}  {skip.reason}{detail}")
    return 0


def _write_source(source: api.SourceInfo) -> None:
    click.echo(f"\n{click.style(source.name, bold=True)}  {source.root}")
    click.echo(f"  {source.state}, {source.watching}: {output.coverage_line(source.coverage)}")
    if source.vectors_eta_seconds is not None:
        click.echo(f"  vectors complete in about {source.vectors_eta_seconds:.0f} s")
    for problem in filter(None, (source.problem, source.watching_reason)):
        click.echo(f"  {click.style(problem, fg='yellow')}")
