"""`dustlocal ask`."""

from __future__ import annotations

import click

from dustlocal import api
from dustlocal.cli import output
from dustlocal.cli.scope import connect, prepare, scope_of, scope_options, text_argument


@click.command("ask")
@click.argument("question")
@scope_options
@click.option("--agent", default="", metavar="NAME", help="The agent that answers.")
@click.option("--no-model", is_flag=True, help="Answer by quoting only, without a model.")
@click.option("--json", "as_json", is_flag=True, help="The answer as one JSON object.")
def ask_command(
    question: str,
    sources: tuple[str, ...],
    everywhere: bool,
    no_wait: bool,
    agent: str,
    no_model: bool,
    as_json: bool,
) -> int:
    """Answer a question from the sources: every sentence cites, or nothing is claimed.

    `-` reads the QUESTION from stdin. A refusal ("not found in the index") is exit code 0 too.
    """
    scope = scope_of(sources, everywhere=everywhere)
    request = api.AskRequest(
        question=text_argument(question), scope=scope, agent=agent, use_model=not no_model
    )
    with connect() as client:
        prepare(client, scope, wait=not no_wait)
        response = client.ask(request)
    if as_json:
        output.write_json(response)
    else:
        _write(response)
    return 0


def _write(response: api.AskResponse) -> None:
    click.echo(response.answer)
    with_source = len(response.searched) > 1
    for number, citation in enumerate(response.citations, 1):
        click.echo(f"  [{number}] {_place(citation, with_source=with_source)}")
    if response.further:
        click.echo("\nFurther places:" if not response.refused else "\nWhat came closest:")
        for place in response.further:
            where = _place(place.citation, with_source=with_source)
            said = "  ".join(filter(None, (place.symbol, place.why)))
            click.echo(f"  {where}  {said}".rstrip())
    output.narrate_coverage(response.coverage)


def _place(citation: api.Citation, *, with_source: bool) -> str:
    if citation.commit:
        where = f"commit {citation.commit[:12]}"
    else:
        where = f"{citation.path}:{citation.start_line}-{citation.end_line}"
    return f"{citation.source}: {where}" if with_source else where
