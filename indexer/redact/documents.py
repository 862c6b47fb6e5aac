"""Formats in which the place of a value, not its look, makes it a credential."""

from __future__ import annotations

import re
from collections.abc import Iterator

from indexer.redact.entropy import is_hex, is_template, is_uuid, looks_random
from indexer.redact.names import is_environment_hash, is_environment_secret
from indexer.redact.spans import Span
from indexer.redact.surroundings import Surroundings

_VARIABLE = re.compile(
    r"""
    ^[ \t]*+ (?:export[ \t]++)?+ (?P<name>[A-Za-z_][\w.-]{0,127}+) [ \t]*+ [=:] [ \t]*+
    (?: "(?P<double>(?:[^"\\]|\\.){1,16384}+)" | '(?P<single>[^']{1,16384}+)'
      | (?P<bare>[^\s"'\#][^\n]{0,16384}?) ) [ \t\r]*+ (?:[ \t]\#[^\n]*+)? $
    """,
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)
_PLAIN_SETTING = re.compile(
    r"(?:true|false|yes|no|on|off|\d{1,5}|[a-z][a-z0-9+.-]*://.*|(?:\.{0,2}/|~/).*)\Z",
    re.IGNORECASE | re.DOTALL,
)
_PGPASS = re.compile(r"^(?!\s*#)(?:(?:[^:\\\n]|\\.)*+:){4}((?:[^\n\\]|\\.){1,256}+)$", re.MULTILINE)
_HTPASSWD = re.compile(r"^[^:\s#]{1,255}:(\S{8,255}+)$", re.MULTILINE)
_NPMRC = re.compile(r"^[^\n;#]{0,256}?:?_(?:authToken|auth|password)[ \t]*=[ \t]*+(\S{4,}+)", re.M)
_LOGIN_FILE = re.compile(r"\bpassw(?:or)?d[ \t]*+[=: \t][ \t]*+([^\s#]{1,256}+)", re.IGNORECASE)
_SECRET_MANIFEST = re.compile(r"^(?:-[ \t]|[ \t]{0,8})kind:[ \t]*[\"']?Secret\b", re.MULTILINE)
_MANIFEST_DATA = re.compile(r"^([ \t]{0,8})(?:data|stringData):[ \t]*\r?$", re.MULTILINE)
_MANIFEST_VALUE = re.compile(r"([ \t]+)[\w.\"'-]{1,253}+:[ \t]*+[\"']?([^\s\"'|>#]{4,}+)")
_LINE = re.compile(r"\n([^\n]*+)")


def find_in_documents(text: str, lowered: str, path: str, around: Surroundings) -> Iterator[Span]:
    """Credentials by the format of the whole file, which its path or its first words give."""
    if around is Surroundings.ENVIRONMENT:
        yield from _find_variables(text)
    name = path.rsplit("/", 1)[-1].lower()
    for names, pattern, rule in _BY_FILE_NAME:
        if name in names:
            for match in pattern.finditer(text):
                if not is_template(match[1]):
                    yield Span(*match.span(1), rule, 1)
    if "kind: secret" in lowered and around is Surroundings.CONFIG:
        yield from _find_manifest_data(text)


_BY_FILE_NAME = (
    ((".pgpass", "pgpass.conf"), _PGPASS, "pgpass-password"),
    ((".htpasswd", "htpasswd"), _HTPASSWD, "htpasswd-hash"),
    ((".npmrc",), _NPMRC, "npmrc-token"),
    ((".netrc", "_netrc", "netrc"), _LOGIN_FILE, "netrc-password"),
    ((".pypirc", "pip.conf", ".my.cnf", ".s3cfg"), _LOGIN_FILE, "password"),
)


def _find_variables(text: str) -> Iterator[Span]:
    for match in _VARIABLE.finditer(text):
        group = match.lastgroup or "bare"
        name, value = match["name"], match[group]
        if _is_secret_variable(name, value):
            yield Span(*match.span(group), "env-value", 1)


def _is_secret_variable(name: str, value: str) -> bool:
    if is_template(value) or _PLAIN_SETTING.match(value):
        return False
    if is_environment_secret(name):
        return True
    hashlike = is_uuid(value) or (is_hex(value) and is_environment_hash(name))
    return len(value) >= 20 and looks_random(value) and not hashlike


def _find_manifest_data(text: str) -> Iterator[Span]:
    """Values of Kubernetes `kind: Secret` manifests (base64 in `data`, plain in `stringData`)."""
    at = 0
    for document in re.split(r"(?m)^(?=---)", text):
        if _SECRET_MANIFEST.search(document):
            for block in _MANIFEST_DATA.finditer(document):
                for start, end in _block_values(document, block.end(), len(block[1])):
                    if not is_template(document[start:end]):
                        yield Span(at + start, at + end, "kubernetes-secret", 1)
        at += len(document)


def _block_values(text: str, start: int, indent: int) -> Iterator[tuple[int, int]]:
    """Where the scalar values of a YAML block mapping stand, whose key is indented by `indent`."""
    for line in _LINE.finditer(text, start):
        value = _MANIFEST_VALUE.match(line[1])
        if value and len(value[1]) > indent:
            yield line.start(1) + value.start(2), line.start(1) + value.end(2)
        elif line[1].strip() and not line[1][: indent + 1].isspace():
            return
