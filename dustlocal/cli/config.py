"""`dustlocal config show|path|set`."""

from __future__ import annotations

import click

from dustlocal import config, config_edit
from dustlocal.cli import output
from dustlocal.paths import places, private_folder


@click.group("config")
def config_command() -> None:
    """Show and change the settings."""


@config_command.command("show")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per setting.")
def show(as_json: bool) -> int:
    """Print every setting, its value, and where the value comes from."""
    for key, value, origin in config.load(places().config_file).rows():
        if as_json:
            output.write_json({"key": key, "value": value, "origin": origin})
        else:
            click.echo(f"{key} = {config_edit.as_toml(value)}  # {origin}")
    return 0


@config_command.command("path")
def path() -> int:
    """Print the path of the settings file (which need not exist)."""
    click.echo(str(places().config_file))
    return 0


@config_command.command("set")
@click.argument("key")
@click.argument("value")
def set_(key: str, value: str) -> int:
    """Set KEY to VALUE; nothing is written unless the result is valid."""
    file = places().config_file
    private_folder(file.parent)
    understood = config_edit.set_value(file, key, value)
    click.echo(f"{key} = {config_edit.as_toml(understood)}")
    output.narrate("a running daemon keeps its settings until it is restarted: dustlocal down")
    return 0
