"""Private keys in PEM, OpenPGP and SSH2 armour, whole or torn, on many lines or on one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from indexer.redact.spans import Span

_LONGEST_KEY = 65_536
_BEGIN = re.compile(r"-{4,5}[ ]?BEGIN[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?[ ]?-{4,5}")
_END = re.compile(r"-{4,5}[ ]?END[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?[ ]?-{4,5}")
# What stands around base64 when a key is quoted: indents, string quotes, joins, escapes, comments,
# quoting and diff signs, an ellipsis.
_WRAPPING = re.compile(r"(?:\\[nrt]|[\s\"'`,;+\\#>|*()\[\]&.…-])+")
_ARMOUR_HEADER = re.compile(
    r"(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset|Subject|MessageID|X-[\w-]+):[^\n\\]{0,200}"
)
_BASE64_LINE = re.compile(
    r"[\s\"'`>#|*+;,-]*+(?P<encoded>=?[A-Za-z0-9+/]*+={0,2})(?:\\[nr]|[\s\"'`+,;\\])*+\Z"
)
_BASE64 = re.compile(r"=?[A-Za-z0-9+/]+={0,2}")
_LINE = re.compile(r"\n([^\n]*)")
# Runs that follow a BEGIN on its own line, as in JSON with its escaped line breaks.
_FIRST_RUNS = re.compile(
    r"(?:\\[nr]|[\"' +,]){0,16}+(?:[A-Za-z0-9+/=]{20,}+(?:\\[nr])*+)++[A-Za-z0-9+/=]*+"
)
_PUTTY = re.compile(r"(?<=\n)Private-Lines:[ ]?\d{1,4}\r?\n(?:[A-Za-z0-9+/=]{1,64}+\r?\n?){1,400}+")


def find_private_keys(text: str) -> Iterator[Span]:
    """Each armoured private key, from its BEGIN to its END or to its last line of base64."""
    at = text.find("PRIVATE KEY")
    if at >= 0:
        yield from _find_armoured(text)
    if "Private-Lines:" in text:
        for match in _PUTTY.finditer(text):
            yield Span(*match.span(), "private-key")


def _find_armoured(text: str) -> Iterator[Span]:
    begin = _BEGIN.search(text)
    while begin:
        following = _BEGIN.search(text, begin.end())
        limit = min(begin.end() + _LONGEST_KEY, following.start() if following else len(text))
        end = _END.search(text, begin.end(), limit)
        if end and _is_key_material(text[begin.end() : end.start()]):
            yield Span(begin.start(), end.end(), "private-key")
        elif (stop := _end_of_torn_key(text, begin.end(), limit)) > begin.end():
            yield Span(begin.start(), stop, "private-key")
        begin = following


def _is_key_material(body: str) -> bool:
    """Whether the text between BEGIN and END is a key, not code that mentions the two lines."""
    words = _WRAPPING.split(_ARMOUR_HEADER.sub("", body))
    encoded = [w for w in words if _BASE64.fullmatch(w)]
    size = sum(map(len, encoded))
    strange = sum(map(len, words)) - size
    return size >= 16 and (max(map(len, encoded)) >= 16 or size >= 64) and strange * 4 <= size


def _end_of_torn_key(text: str, start: int, limit: int) -> int:
    """Where the base64 after a BEGIN without END stops; `start` if there is none."""
    match = _FIRST_RUNS.match(text, start, limit)
    stop = match.end() if match else start
    for line in _LINE.finditer(text, stop, limit):
        encoded = _BASE64_LINE.match(line[1])
        if encoded and len(encoded["encoded"]) >= 20:
            stop = line.end()
        elif encoded and encoded["encoded"]:  # a key's last line is shorter than the others
            return line.end() if stop > start else stop
        elif not (encoded or _ARMOUR_HEADER.search(line[1])):
            return stop
    return stop
