"""`python -m lsp`: the language server on stdin and stdout."""

from lsp.server import create_server

create_server().start_io()
