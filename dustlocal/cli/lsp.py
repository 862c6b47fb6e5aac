"""`dustlocal lsp`."""

from __future__ import annotations

import click


@click.command("lsp")
def lsp_command() -> int:
    """Be a language server: an editor speaks to it on stdin and stdout."""
    from lsp.server import create_server

    create_server().start_io()
    return 0
