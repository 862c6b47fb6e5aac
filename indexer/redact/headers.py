"""Credentials known by where they stand: tokens of JOSE, HTTP headers, URLs, command lines."""

from __future__ import annotations

import base64
import re

from indexer.redact.entropy import (
    is_placeholder,
    is_template,
    is_uuid,
    looks_random,
)
from indexer.redact.rules import ESCAPED, Rule

_COMMAND_REACH = 300  # characters before an option in which its command's name has to stand
_PORT_AND_PATH = re.compile(r"\d{1,5}/")
DOCUMENTED_PASSWORD = re.compile(
    r"(?:(?:my|your|user|other|some|example|sample|dummy)[-_ ]?)?"
    r"(?:pass(?:wd|word|phrase)?|pwd|pw|token)|[\W_]*",
    re.IGNORECASE,
)


def _value(match: re.Match[str]) -> str:
    return match[match.lastindex or 0]


def _is_url_password(match: re.Match[str]) -> bool:
    value = _value(match)
    if match.string.startswith(("sha256:", "sha512:"), match.end()):  # an image with its digest
        return False
    if _PORT_AND_PATH.match(value):  # http://localhost:4873/@scope/package
        return False
    return not (is_template(value) or DOCUMENTED_PASSWORD.fullmatch(value))


def _is_url_credential(match: re.Match[str]) -> bool:
    if match["token"] is None:
        return _is_url_password(match)
    return looks_random(match["token"]) and not match.string.startswith("ssh", match.start() - 3)


def _is_bearer(match: re.Match[str]) -> bool:
    value = _value(match)
    return not is_placeholder(value) and (looks_random(value) or is_uuid(value))


def basic_password(encoded: str) -> str | None:
    """The password in base64 of `user:password` (RFC 7617), None if it is something else."""
    try:
        decoded = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True).decode()
    except ValueError:  # not base64, or not text
        return None
    _, colon, password = decoded.partition(":")
    return password if colon and decoded.isprintable() else None


def is_documented(password: str) -> bool:
    """Whether it is the password of manuals: `password`, `your-pass`, `bar`."""
    return password in ("foo", "bar") or bool(DOCUMENTED_PASSWORD.fullmatch(password))


def _is_basic(match: re.Match[str]) -> bool:
    password = basic_password(_value(match))
    return password is not None and not is_documented(password)


def _holds_private_key(match: re.Match[str]) -> bool:
    head = match[0][:80]
    return b"PRIVATE KEY" in base64.b64decode(head[: len(head) // 4 * 4])


def _follows(command: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{command})\b(?:[^\n|]|\\\n)*\Z")


_HTTP_COMMAND = _follows("curl|https?|wget|xh|httpie|curlie")


def _is_option_of_http_command(match: re.Match[str]) -> bool:
    before = match.string[max(0, match.start() - _COMMAND_REACH) : match.start()]
    return bool(_HTTP_COMMAND.search(before)) and _is_url_password(match)


_JOSE = r"eyJ[A-Za-z0-9_-]{8,}+(?:\.[A-Za-z0-9_-]{8,}+){2,4}"
# A password up to the last @ before a slash; one with slashes in it, if a host follows its @; a
# token in the place of the user.
_URL_CREDENTIAL = r"""(?x)
    ://
    (?: (?P<user> [^\s"'`<>/?\#@:\\\[]{0,128}+) :
        (?: ([^\s"'`<>/?\#]{1,256})@(?=[\w.\[$%{*-])
          | ([^\s"'`<>@]{1,128}+)@(?=[\w.-]{1,253}+(?::\d{2,5}|/)) )
      | (?P<token> [^\s"'`<>/?\#@:\\\[]{20,256}+) (?::x-oauth-basic)?@ )
"""

HEADER_RULES: tuple[Rule, ...] = (
    # A run is tried from its start only (the lookbehind), or a line of "eyJeyJ…" costs its square.
    Rule("jwt", ("yJ",), rf"(?:(?<![A-Za-z0-9_-])|{ESCAPED}){_JOSE}", 1),
    Rule("private-key", ("LS0tLS1CRUdJTi",), r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{40,}+={0,2}",
         accept=_holds_private_key),
    Rule("url-password", ("://",), _URL_CREDENTIAL, accept=_is_url_credential, rank=1),
    Rule("bearer-token", ("Bearer ", "bearer ", "BEARER "),
         r"(?i:bearer)[ ]{1,4}([A-Za-z0-9._~+/=-]{16,4096}+)",
         accept=_is_bearer, rank=1),
    Rule("basic-auth", ("Basic ", "basic ", "BASIC "),
         r"(?i:basic)[ ]{1,4}([A-Za-z0-9+/]{8,1024}+={0,2})", accept=_is_basic, rank=1),
    Rule("curl-user", ("-u ", "--user ", "-u=", "--user="),
         r"""(?<=[\s"'])(?:-u|--user)[ =]["']?[^\s:"'$]{1,128}+:([^\s"']{3,256}+)""",
         accept=_is_option_of_http_command, rank=1),
)  # fmt: skip
