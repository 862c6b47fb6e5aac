"""`dustlocal bench`: measurements on the user's own clone, in a private place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from dustlocal.cli import output

if TYPE_CHECKING:
    from dustlocal.bench.sandbox import Narration

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

_ALL = "all"


class _Bench(click.Group):
    """`bench PATH` is `bench all PATH`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default command's name where none was given."""
        asks_for_help = any(word in ctx.help_option_names for word in args[:1])
        if not asks_for_help and not any(word in self.commands for word in args[:1]):
            args = [_ALL, *args]
        return super().parse_args(ctx, args)


@click.group("bench", cls=_Bench)
def bench() -> None:
    """Measure what DustLocal finds here, how fast it is, and what it costs.

    Everything happens in temporary folders with a daemon of their own: your index and your daemon
    are not touched, your clone is only read. Without a command, all of it at a modest size.
    """


def _path(command: CommandT) -> CommandT:
    kind = click.Path(exists=True, path_type=Path)
    return click.argument("path", type=kind, default=Path())(command)


def _json(command: CommandT) -> CommandT:
    return click.option("--json", "as_json", is_flag=True, help="One JSON object.")(command)


def _model(command: CommandT) -> CommandT:
    for option in (
        click.option("--no-vectors", is_flag=True, help="By words alone."),
        click.option(
            "--model",
            default="minilm",
            show_default=True,
            metavar="MODEL",
            help="What makes the vectors: minilm, or the path of a GGUF embedding model.",
        ),
    ):
        command = option(command)
    return command


def _repositories(command: CommandT) -> CommandT:
    kind = click.Path(exists=True, file_okay=False, path_type=Path)
    text = "All clones directly below this folder."
    return click.option("--repos", type=kind, metavar="DIR", help=text)(command)


def _count(name: str, default: int, text: str, *more: str) -> Callable[[CommandT], CommandT]:
    kind = click.IntRange(min=0)
    return click.option(
        name, *more, type=kind, default=default, show_default=True, metavar="N", help=text
    )


@bench.command(_ALL)
@_path
@_model
@click.option("--full", is_flag=True, help="Judge finding with vectors, however long they take.")
@_json
def all_command(path: Path, model: str, no_vectors: bool, full: bool, as_json: bool) -> None:
    """All measurements at a modest size, in one table: a few minutes."""
    with _narration() as narration:
        from dustlocal.bench import everything
        from dustlocal.bench.sandbox import has_weights

        if model == "minilm" and not no_vectors and not has_weights():
            no_vectors = True
            narration.say("no embedding model here: all by words alone")
        done = everything.measure(path, _chosen(model, no_vectors), narration, full=full)
    _show(done, everything.describe, as_json)


@bench.command("localize")
@_path
@_repositories
@_count("--back", 300, "The cut: so many commits before HEAD, along first parents.")
@_count("-k", 50, "Passages per query.", "k")
@_count("--max", 0, "Only the oldest N queries; 0: all.", "limit")
@_count("--through-shell", 0, "Ask N queries of `dustlocal search --json` too, and compare.")
@_model
@_json
def localize_command(
    path: Path,
    repos: Path | None,
    back: int,
    k: int,
    limit: int,
    through_shell: int,
    model: str,
    no_vectors: bool,
    as_json: bool,
) -> None:
    """Commit subject -> files: what search finds of each later commit in the tree before them."""
    with _narration() as narration:
        from dustlocal.bench import localize

        plan = localize.Plan(back, k, limit, through_shell, _chosen(model, no_vectors))
        done = localize.measure(localize.chosen_clones(path, repos), plan, narration)
    _show(done, localize.describe, as_json)


@bench.command("docstrings")
@_path
@_repositories
@_count("-k", 50, "Passages per query.", "k")
@_count("--max", 0, "Draw N queries of a repository; 0: all.", "limit")
@click.option("--documents", is_flag=True, help="Let documents compete with code.")
@click.option("--whole", is_flag=True, help="Ask with whole docstrings, not first paragraphs.")
@_model
@_json
def docstrings_command(
    path: Path,
    repos: Path | None,
    k: int,
    limit: int,
    documents: bool,
    whole: bool,
    model: str,
    no_vectors: bool,
    as_json: bool,
) -> None:
    """Docstring -> function: whether search finds the Python function it described."""
    with _narration() as narration:
        from dustlocal.bench import docstrings
        from dustlocal.bench.localize import chosen_clones

        plan = docstrings.Plan(k, limit, documents, whole, _chosen(model, no_vectors))
        done = docstrings.measure(chosen_clones(path, repos), plan, narration)
    _show(done, docstrings.describe, as_json)


@bench.command("index")
@_path
@click.option(
    "--synthetic", default="", metavar="FILES:MB", help="A made-up repository of that size."
)
@_model
@_json
def index_command(path: Path, synthetic: str, model: str, no_vectors: bool, as_json: bool) -> None:
    """Index speed and memory, from nothing and with nothing changed."""
    with _narration() as narration:
        from dustlocal.bench import index_speed
        from dustlocal.bench.synthetic import parse_size

        chosen = _chosen(model, no_vectors)
        if synthetic:
            done = index_speed.of_synthetic(*parse_size(synthetic), chosen, narration)
        else:
            done = index_speed.of_source(path, chosen, narration)
    _show(done, index_speed.describe, as_json)


@bench.command("latency")
@_path
@_count("--chunks", 0, "A made-up repository of about N chunks; 0: the source at PATH.")
@_count("--searches", 300, "How many searches through the socket.")
@_model
@_json
def latency_command(
    path: Path, chunks: int, searches: int, model: str, no_vectors: bool, as_json: bool
) -> None:
    """Search and ask latency; the vectors are made up, so that it takes no hours."""
    with _narration() as narration:
        from dustlocal.bench import latency

        plan = latency.Plan(searches=searches, model=_chosen(model, no_vectors))
        if chunks:
            done = latency.of_synthetic(chunks, plan, narration)
        else:
            done = latency.of_source(path, plan, narration)
    _show(done, latency.describe, as_json)


@bench.command("freshness")
@_path
@_count("--saves", 50, "How many saves.")
@_model
@_json
def freshness_command(path: Path, saves: int, model: str, no_vectors: bool, as_json: bool) -> None:
    """Save -> searchable, in a copy of the source at PATH."""
    with _narration() as narration:
        from dustlocal.bench import freshness

        plan = freshness.Plan(saves=saves, model=_chosen(model, no_vectors))
        done = freshness.measure(path, plan, narration)
    _show(done, freshness.describe, as_json)


@bench.command("idle")
@_path
@_count("--seconds", 60, "How long to watch.")
@_model
@_json
def idle_command(path: Path, seconds: int, model: str, no_vectors: bool, as_json: bool) -> None:
    """What the daemon writes, computes and holds in memory while nothing happens."""
    with _narration() as narration:
        from dustlocal.bench import idle

        done = idle.measure(path, float(max(1, seconds)), _chosen(model, no_vectors), narration)
    _show(done, idle.describe, as_json)


@bench.command("first-ask")
@_path
@click.option("--question", default="", help="What to ask.")
@_count("--runs", 3, "How often, each time from nothing.")
@_model
@_json
def first_ask_command(
    path: Path, question: str, runs: int, model: str, no_vectors: bool, as_json: bool
) -> None:
    """The first question in a repository that nothing knows yet: no daemon, no index."""
    with _narration() as narration:
        from dustlocal.bench import first_ask

        asked = question or first_ask.QUESTION
        chosen = _chosen(model, no_vectors)
        done = first_ask.measure(path, asked, max(1, runs), chosen, narration)
    _show(done, first_ask.describe, as_json)


def _chosen(model: str, no_vectors: bool) -> str:
    return "none" if no_vectors else model


@contextmanager
def _narration() -> Iterator[Narration]:
    """Progress on stderr during the `with` block."""
    from dustlocal.bench.sandbox import Narration

    with output.narrator() as told:
        yield Narration(output.narrate, told)


def _show(done: Any, describe: Callable[[Any], str], as_json: bool) -> None:
    if as_json:
        output.write_json(done)
    else:
        click.echo(describe(done))
