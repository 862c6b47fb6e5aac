"""`dustlocal add`, `remove`, `sources` and `trust`."""

from __future__ import annotations

import os

import click

from dustlocal import api
from dustlocal.cli import output
from dustlocal.cli.scope import connect, current_folder


@click.command("add")
@click.argument("path", default=".")
@click.option("--json", "as_json", is_flag=True, help="The source as a JSON object.")
def add_command(path: str, as_json: bool) -> int:
    """Add the repository around PATH (or PATH itself outside git) as a source.

    Returns at once; indexing goes on in the background (`dustlocal index` waits for it).
    """
    with connect() as client:
        info = client.add(api.AddRequest(path=_absolute(path)))
    if as_json:
        output.write_json(info)
    else:
        click.echo(f"{info.name}  {info.root}")
    return 0


@click.command("remove")
@click.argument("source", metavar="NAME|PATH")
@click.option("--json", "as_json", is_flag=True, help="What was removed, as a JSON object.")
def remove_command(source: str, as_json: bool) -> int:
    """Forget a source and everything that is stored of it."""
    with connect() as client:
        info = client.remove(api.RemoveRequest(source=_name_or_path(source)))
    if as_json:
        output.write_json(info)
    else:
        click.echo(f"removed {info.name}  {info.root}")
    return 0


@click.command("sources")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def sources_command(as_json: bool) -> int:
    """List the known sources."""
    with connect() as client:
        found = client.sources()
    for info in found:
        if as_json:
            output.write_json(info)
        else:
            click.echo(f"{info.name}  {info.root}  {info.state}")
    if not found:
        output.narrate("no source is known yet: dustlocal add PATH")
    return 0


@click.command("trust")
@click.argument("source", default=".", metavar="[NAME|PATH]")
@click.option("--revoke", is_flag=True, help="Trust it no longer.")
@click.option("--json", "as_json", is_flag=True, help="The result as a JSON object.")
def trust_command(source: str, revoke: bool, as_json: bool) -> int:
    """Let the settings in a repository's .dustlocal/ take effect, as they are now.

    Their content is recorded: a file that changes is inert again until it is trusted anew.
    """
    with connect() as client:
        request = api.TrustRequest(source=_name_or_path(source), revoke=revoke)
        result = client.trust(request)
    if as_json:
        output.write_json(result)
    elif result.trusted:
        click.echo(f"trusted in {result.root}:")
        for path in result.paths:
            click.echo(f"  {path}")
    else:
        click.echo(f"no longer trusted: {result.root}")
    return 0


def _absolute(path: str) -> str:
    return os.path.join(current_folder(), os.path.expanduser(path))


def _name_or_path(item: str) -> str:
    """A path made absolute; a bare word is a name, unless only a path of that name exists."""
    is_path = "/" in item or item in (".", "..") or item.startswith("~")
    return _absolute(item) if is_path else item
