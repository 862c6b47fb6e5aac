"""`dustlocal search`."""

from __future__ import annotations

import click

from dustlocal import api
from dustlocal.cli import output
from dustlocal.cli.scope import (
    connect,
    prepare,
    scope_of,
    scope_options,
    since_option,
    text_argument,
)
from dustlocal.errors import NO_HIT, UsageError

_KINDS: dict[str, api.KindName] = {"code": "code", "document": "document", "commit": "commit"}


@click.command("search")
@click.argument("query")
@scope_options
@click.option("--path", "path_glob", default="", metavar="GLOB", help="Only paths like this.")
@click.option("--lang", "language", default="", metavar="LANGUAGE", help="Only this language.")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    metavar="KIND[,KIND]",
    help="code, document or commit; code and documents by default.",
)
@click.option("--since", metavar="WHEN", help="Only what changed since: 2026-01-31, 3d, 2w, 1y.")
@click.option("-k", "limit", default=10, show_default=True, metavar="N", help="How many at most.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def search_command(
    query: str,
    sources: tuple[str, ...],
    everywhere: bool,
    no_wait: bool,
    path_glob: str,
    language: str,
    kinds: tuple[str, ...],
    since: str | None,
    limit: int,
    as_json: bool,
) -> int:
    """Find passages of code, documents and commits, best first.

    QUERY is words, an identifier or a question; `-` reads it from stdin. Exit code 1: no hit.
    """
    scope = scope_of(sources, everywhere=everywhere)
    request = api.SearchRequest(
        query=text_argument(query),
        scope=scope,
        k=limit,
        path_glob=path_glob,
        language=language,
        kinds=_kinds(kinds),
        since=since_option(since),
    )
    with connect() as client:
        prepare(client, scope, wait=not no_wait)
        response = client.search(request)
    _write(response, as_json=as_json)
    return 0 if response.hits else NO_HIT


def _write(response: api.SearchResponse, *, as_json: bool) -> None:
    if as_json:
        for hit in response.hits:
            output.write_json(output.hit_json(hit))
    else:
        output.write_hits(response.hits, with_source=len(response.searched) > 1)
    if not response.hits:
        output.narrate(f"no hit in {', '.join(response.searched)}")
    output.narrate_coverage(response.coverage)


def _kinds(given: tuple[str, ...]) -> tuple[api.KindName, ...]:
    chosen = [kind.strip() for each in given for kind in each.split(",") if kind.strip()]
    for kind in chosen:
        if kind not in _KINDS:
            raise UsageError(f"--kind {kind}: unknown", hint=f"kinds: {', '.join(_KINDS)}")
    return tuple(dict.fromkeys(_KINDS[kind] for kind in chosen))
