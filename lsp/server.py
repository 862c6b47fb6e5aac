"""The language server's glue: it answers `initialize`; features join it one file at a time."""

from __future__ import annotations

from pygls.lsp.server import LanguageServer

from dustlocal import __version__


def create_server() -> LanguageServer:
    """A server without features, ready for `start_io`."""
    return LanguageServer("dustlocal", __version__)
