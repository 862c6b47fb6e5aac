"""Passwords typed on command lines and in login lists, where no name or sign announces them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from indexer.redact.entropy import is_placeholder, looks_like_password
from indexer.redact.headers import DOCUMENTED_PASSWORD
from indexer.redact.spans import Span

_OPTIONS = r"(?:[^\n|;]{0,80}?[ ])??"
_VALUE = r"""["']?([^\s"']{4,128}+)"""

# The words that gate each pattern, in lower case as the text is.
_COMMANDS = (
    (("mysql", "mariadb"),
     re.compile(rf"(?:mysql|mariadb)(?:-?dump|-?admin|-?import)?[ ]{_OPTIONS}-p{_VALUE}")),
    (("sshpass", "docker login", "redis-cli"),
     re.compile(rf"(?:sshpass|docker login|redis-cli)[ ]{_OPTIONS}-[pa][ ]?{_VALUE}")),
)  # fmt: skip
_LOGIN = re.compile(
    r"\blogin\s{1,8}+\S{1,128}+\s{1,8}+(?:account\s{1,8}+\S{1,128}+\s{1,8}+)?password\s{1,8}+([^\s\"'`\\]{1,256}+)"
)


def find_typed_passwords(text: str, lowered: str) -> Iterator[Span]:
    """What follows `-p` of mysql and sshpass, `-a` of redis-cli, `password` in a login list."""
    for words, pattern in _COMMANDS:
        if any(word in lowered for word in words):
            for match in pattern.finditer(text):
                if not is_placeholder(match[1]) and looks_like_password(match[1], strict=False):
                    yield Span(*match.span(1), "command-line-password", 1)
    if "login" in lowered and "password" in lowered:
        for match in _LOGIN.finditer(text):
            if not (is_placeholder(match[1]) or DOCUMENTED_PASSWORD.fullmatch(match[1])):
                yield Span(*match.span(1), "netrc-password", 1)
