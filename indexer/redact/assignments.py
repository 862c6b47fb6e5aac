"""Values that only their name gives away: `api_token = "…"`, `password: …`, `the api key is …`.

The value is judged by its own randomness, by what its name promises and by where it stands: a
person's password is believed in a configuration file, and hardly ever in code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from indexer.redact.entropy import (
    is_expression,
    is_hex,
    is_made_of_words,
    is_placeholder,
    is_uuid,
    looks_like_password,
    looks_random,
)
from indexer.redact.headers import basic_password, is_documented
from indexer.redact.names import ASSIGNMENT, credential_name, is_for_password, is_strong
from indexer.redact.spans import Span
from indexer.redact.surroundings import Surroundings

_QUOTED = re.compile(
    r"""(?P<q>\\?(?:\"\"\"|'''|["'`]))(?P<v>(?:(?!(?P=q))[^\n]){0,4096}+)(?P<end>(?P=q))?"""
)
_BARE = {
    Surroundings.CODE: re.compile(r"[A-Za-z0-9+/=_-]{16,4096}+(?![(.\[])"),
    Surroundings.PROSE: re.compile(r"""[^\s"'`<>,;)\]}&|\\]{4,4096}+"""),
    Surroundings.CONFIG: re.compile(r"""[^\s"'`#<][^\s"'`<]{3,4096}+"""),
}
_LONG_JUNK = 128  # a rejected value this long is not searched for further names inside it
_SCHEME = re.compile(r"(?:bearer|token|api-?key|basic|bot|digest)[ ]{1,4}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A value that stands where a credential would."""

    name: str
    value: str
    start: int
    quoted: bool
    said: bool  # bound by words only ("the token is …"), not by a sign
    listed: bool  # bound by a comma only: an argument, or two names in a list
    around: Surroundings


def find_assignments(text: str, lowered: str, around: Surroundings) -> Iterator[Span]:
    """Values bound to a name that says credential, if they look like one where they stand."""
    done = 0
    for match in ASSIGNMENT.finditer(lowered):
        if match.start() < done:
            continue
        name = credential_name(text, match)
        found = _candidate(text, match, name, around) if name else None
        if found is None:
            continue
        if _is_credential(found):
            rule = "password" if is_for_password(found.name) else "secret"
            yield Span(found.start, found.start + len(found.value), rule, 2)
        if not found.quoted and len(found.value) > _LONG_JUNK:
            done = found.start + len(found.value)  # or a run of names would cost its square


def _candidate(
    text: str, match: re.Match[str], name: str, around: Surroundings
) -> _Candidate | None:
    quoted = _QUOTED.match(text, match.end())
    if match["bind"] == "," and not (match["quote"] and quoted):
        return None
    if quoted:
        start, value = quoted.start("v"), quoted["v"]
        if quoted["end"] is None:  # torn text, or an apostrophe
            value = value.partition(" ")[0]
    else:
        # An environment file's lines have their own reader; what else it holds is configuration.
        kind = Surroundings.CONFIG if around is Surroundings.ENVIRONMENT else around
        kind = Surroundings.PROSE if match["bind"] is None and kind is Surroundings.CONFIG else kind
        bare = _BARE[kind].match(text, match.end())
        if bare is None:
            return None
        start, value = bare.start(), bare[0].rstrip(".,;:?)]}")
    scheme = _SCHEME.match(value)
    skip = scheme.end() if scheme else 0
    return _Candidate(
        name=name,
        value=value[skip:],
        start=start + skip,
        quoted=quoted is not None,
        said=match["prose"] is not None,
        listed=match["bind"] == ",",
        around=around,
    )


def _is_credential(found: _Candidate) -> bool:
    """The cheap and telling test first: most values fail it, and few need the others."""
    return (
        _looks_like_credential(found)
        and not is_placeholder(found.value)
        and (found.quoted or not is_expression(found.value))
    )


def _looks_like_credential(found: _Candidate) -> bool:
    name, value = found.name, found.value
    if is_uuid(value):
        return "heroku" in name or (is_strong(name) and not found.said)
    if found.listed or (not found.quoted and found.around is Surroundings.CODE):
        return looks_random(value) and not is_made_of_words(value)
    if is_hex(value) and not (is_strong(name) or "token" in name):
        return False
    if "auth" in name and (password := basic_password(value)) is not None:
        return not is_documented(password)
    if looks_random(value) and (len(value) >= 16 or not found.said):
        return True
    return _is_password(found)


def _is_password(found: _Candidate) -> bool:
    configured = found.around in (Surroundings.CONFIG, Surroundings.ENVIRONMENT)
    chosen = "secret" in found.name and configured and not found.said
    if not (is_for_password(found.name) or chosen):
        return False
    if found.name == "pass" and found.said:  # the verb
        return False
    return looks_like_password(found.value, strict=found.said or not configured)
