"""`dustlocal`: finds the command, and turns every ending into words and an exit code."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys

import click

from dustlocal import __version__
from dustlocal.errors import INTERRUPTED, DustLocalError, exit_code
from dustlocal.paths import PRIVATE_UMASK

COMMANDS: dict[str, tuple[str, str]] = {
    "search": ("dustlocal.cli.search:search_command", "Find passages, best first."),
    "ask": (
        "dustlocal.cli.ask:ask_command",
        "Answer a question with citations, or say that it can't.",
    ),
    "add": ("dustlocal.cli.sources:add_command", "Add a folder or repository as a source."),
    "remove": (
        "dustlocal.cli.sources:remove_command",
        "Forget a source and everything stored of it.",
    ),
    "sources": ("dustlocal.cli.sources:sources_command", "List the known sources."),
    "trust": (
        "dustlocal.cli.sources:trust_command",
        "Let a repository's own settings take effect.",
    ),
    "index": ("dustlocal.cli.index:index_command", "Bring an index up to date and wait for it."),
    "status": (
        "dustlocal.cli.daemon:status_command",
        "Show the daemon, its sources and what they cover.",
    ),
    "up": (
        "dustlocal.cli.daemon:up_command",
        "Start the daemon (commands do so when they need it).",
    ),
    "down": ("dustlocal.cli.daemon:down_command", "Stop the daemon."),
    "doctor": (
        "dustlocal.cli.doctor:doctor_command",
        "Check everything that can be wrong, with the fix.",
    ),
    "models": (
        "dustlocal.cli.models:models_command",
        "Fetch the models that work on this machine.",
    ),
    "config": ("dustlocal.cli.config:config_command", "Show and change the settings."),
    "lsp": ("dustlocal.cli.lsp:lsp_command", "Be a language server, for an editor."),
    "bench": ("dustlocal.cli.bench:bench", "Measure retrieval and speed on your own clone."),
}
"""Command -> (where it is defined, as module:attribute; one line of help)."""


class _ReaderLeft(Exception):
    """Whoever read our output has closed the pipe."""


class LazyGroup(click.Group):
    """Commands whose modules are imported when they are called, and not for the list of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, in the order of `COMMANDS`."""
        return [name for name in COMMANDS if importlib.util.find_spec(_place(name)[0])]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now; None for a name that is no command."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute = _place(cmd_name)
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return _with_debug(command)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command. A reader that left is for `run`: click would make it exit code 1."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _ReaderLeft from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in `--help`, from the table alone."""
        rows = [(name, COMMANDS[name][1]) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _place(name: str) -> tuple[str, str]:
    module, _, attribute = COMMANDS[name][0].partition(":")
    return module, attribute


def _with_debug(command: click.Command) -> click.Command:
    """Accept `--debug` behind the command's name too, where people type it."""
    if not any(parameter.name == "debug" for parameter in command.params):
        command.params.append(_debug_option())
    if isinstance(command, click.Group):
        for child in command.commands.values():
            _with_debug(child)
    return command


def _debug_option() -> click.Option:
    return click.Option(
        ["--debug"],
        is_flag=True,
        expose_value=False,
        callback=_set_debug,
        help="Show tracebacks.",
    )


def _set_debug(_: click.Context, __: click.Parameter, value: bool) -> None:
    if value:
        _Debug.on = True


class _Debug:
    on = False


@click.group(
    cls=LazyGroup,
    params=[_debug_option()],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    invoke_without_command=True,
)
@click.version_option(__version__, prog_name="dustlocal")
@click.pass_context
def dustlocal(context: click.Context) -> None:
    """Your repository's memory and its best-read colleague, on your own machine.

    Exit codes: 0 done (a refusal too), 1 no hit, 2 usage, 3 the daemon or a source is in
    trouble, 130 interrupted.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def main(arguments: list[str] | None = None) -> None:
    """The program. Ends the process with the exit code."""
    os.umask(PRIVATE_UMASK)
    code = run(arguments)
    sys.exit(code)


def run(arguments: list[str] | None = None) -> int:
    """Run a command line; the exit code. Errors become words on stderr."""
    try:
        code = dustlocal.main(arguments, prog_name="dustlocal", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except (BrokenPipeError, _ReaderLeft):
        return _leave_quietly()
    except DustLocalError as error:
        _explain(error)
        return exit_code(error)
    except Exception as error:
        _explain_bug(error)
        return 3
    return code if isinstance(code, int) else 0


def _leave_quietly() -> int:
    """Whoever read our output (`head`, a pager) has had enough: that is no error."""
    # Python flushes stdout once more at exit; let that go nowhere.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _explain(error: DustLocalError) -> None:
    if _Debug.on:
        _traceback(error)
    click.echo(f"{click.style('error:', fg='red')} {error}", err=True)
    if error.hint:
        click.echo(f"  {error.hint}", err=True)


def _explain_bug(error: Exception) -> None:
    if _Debug.on:
        _traceback(error)
    click.echo(f"internal error: {type(error).__name__}: {error}", err=True)
    if not _Debug.on:
        click.echo("  run the command again with --debug for the traceback", err=True)


def _traceback(error: BaseException) -> None:
    import traceback

    click.echo("".join(traceback.format_exception(error)), err=True, nl=False)


if __name__ == "__main__":
    main()
