"""What commands print: data to stdout, narration to stderr, colour only for a terminal."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
import msgspec

from dustlocal import api

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_SNIPPET_LINES = 6
_PHASES = {"files": "files", "commits": "commits", "vectors": "vectors"}


def write_json(value: Any) -> None:
    """One JSON value on a line of its own."""
    click.echo(msgspec.json.encode(value).decode("utf-8"))


def narrate(text: str) -> None:
    """A sentence for the user, beside the data."""
    click.echo(click.style(text, dim=True), err=True)


def place_of(hit: api.Hit) -> str:
    """`source/path:start-end` in words that a terminal links, or the commit."""
    if hit.commit:
        return f"{hit.source} {hit.commit[:12]}"
    return f"{hit.path}:{hit.start_line}-{hit.end_line}"


def write_hits(hits: Iterable[api.Hit], *, with_source: bool) -> None:
    """Hits for reading: where, what, and the first lines."""
    for hit in hits:
        where = click.style(place_of(hit), fg="cyan", bold=True)
        source = f"{hit.source}  " if with_source and not hit.commit else ""
        symbol = f"  {click.style(hit.symbol, fg='yellow')}" if hit.symbol else ""
        click.echo(f"{source}{where}{symbol}  {click.style(f'{hit.score:.3f}', dim=True)}")
        for line in _snippet(hit.text):
            click.echo(f"    {line}")
        click.echo()


def hit_json(hit: api.Hit) -> dict[str, Any]:
    """A hit as an object of `search --json`: a commit has `commit` in place of the lines."""
    row: dict[str, Any] = msgspec.to_builtins(hit)
    if hit.commit:
        del row["start_line"], row["end_line"]
    else:
        del row["commit"]
    return row


def coverage_line(info: api.CoverageInfo) -> str:
    """What was covered, in one line."""
    parts = [f"{info.indexed} files, {info.chunks} passages"]
    if info.commits:
        parts.append(f"{info.commits} commits")
    parts += [
        f"{count} {what}"
        for count, what in (
            (info.pending, "files pending"),
            (info.vectors_pending, "vectors pending"),
            (info.commits_pending, "commits pending"),
            (info.skipped, "skipped"),
            (info.failed, "failed"),
        )
        if count
    ]
    if info.seconds_behind:
        parts.append(f"{info.seconds_behind:.1f} s behind the disk")
    return ", ".join(parts)


def narrate_coverage(info: api.CoverageInfo) -> None:
    """Coverage and its notes, on stderr."""
    narrate(coverage_line(info))
    for note in info.notes:
        narrate(note)


def _snippet(text: str) -> list[str]:
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    shown = lines[:_SNIPPET_LINES]
    return [*shown, "…"] if len(lines) > len(shown) else shown


class Narrator:
    """Shows events of a stream: a bar with its ETA on a terminal, plain lines elsewhere."""

    def __init__(self) -> None:
        self._bars: dict[tuple[str, str], TaskID] = {}
        self._progress: Progress | None = None
        self._spoken: dict[tuple[str, str], float] = {}
        self._is_terminal = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    def __call__(self, event: api.Event) -> None:
        """Show one event."""
        if isinstance(event, api.Progress):
            self._on_progress(event)
        elif isinstance(event, api.SourceChanged) and event.what != "refreshed":
            self._say(_sentence(event))

    def close(self) -> None:
        """Take the bars off the screen."""
        if self._progress is not None:
            self._progress.stop()

    def _say(self, text: str) -> None:
        if self._progress is not None:
            self._progress.console.print(text, style="dim", highlight=False)
        else:
            narrate(text)

    def _on_progress(self, event: api.Progress) -> None:
        if self._is_terminal:
            self._move_bar(event)
        else:
            self._say_at_times(event)

    def _move_bar(self, event: api.Progress) -> None:
        if self._progress is None:
            self._progress = _bars()
            self._progress.start()
        key = (event.source, event.phase)
        if key not in self._bars:
            label = f"{event.source}: {_PHASES[event.phase]}"
            self._bars[key] = self._progress.add_task(label, total=event.total)
        self._progress.update(self._bars[key], completed=event.done, total=event.total)

    def _say_at_times(self, event: api.Progress) -> None:
        """A line every two seconds: enough to see that it moves, in a log too."""
        key, now = (event.source, event.phase), time.monotonic()
        first = key not in self._spoken
        self._spoken.setdefault(key, now)
        if first or now - self._spoken[key] < 2.0:
            return
        self._spoken[key] = now
        eta = f", {event.eta_seconds:.0f} s to go" if event.eta_seconds is not None else ""
        narrate(f"{event.source}: {event.done} of {event.total} {_PHASES[event.phase]}{eta}")


@contextmanager
def narrator() -> Iterator[Narrator]:
    """A narrator for the `with` block."""
    told = Narrator()
    try:
        yield told
    finally:
        told.close()


def _bars() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Eta

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Eta())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def _sentence(event: api.SourceChanged) -> str:
    detail = f": {event.detail}" if event.detail else ""
    return f"{event.source} {event.what}{detail}"
