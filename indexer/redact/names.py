"""Names that say their value is a credential, and what binds a value to a name."""

from __future__ import annotations

import re

from indexer.redact.tokens import prefix_tree

_WORDS = "passw passphrase pass pwd secret token key auth cred heroku".split()

# Matched over lower-cased text. A type annotation counts as part of the binding where a quoted
# value follows; a bare space or "is" binds only what is long enough to be a credential.
ASSIGNMENT = re.compile(
    rf"""
    (?P<word>{prefix_tree(_WORDS)})
    (?P<tail>[\w.-]{{0,40}}+)
    (?P<quote>\\?["'`])?+ (?:\[\w{{0,8}}\])?+ [\])]?+ [ \t]{{0,20}}+
    (?:
        (?P<typed> (?::[ \t]*+)?+ (?:[\w.<>\[\]&*'|?]{{1,30}}+[ \t]*+){{1,2}}+
                   = [ \t]*+ (?=[brfu]{{0,2}}["'`]))
      | (?P<bind> :=|=>|->|={{1,3}}|[?+]=|\|\|=|::?|,(?![ \t]*[\r\n])|>)
      | (?P<prose> (?:(?:is|was|to|as)[ \t]++)?+ (?<=[ \t]) (?=["'`]?[\w+/=.~!@\#$%^&*-]{{8}}))
    )
    [ \t]{{0,20}}+
    (?:[(|>\\][-+]?+[ \t]*+\r?\n[ \t]*+(?=["'`\w]) | \r?\n[ \t]*+(?=["'`]))?+  # on the next line
    (?:[brfu]{{1,2}}(?=["'`]))?+
    """,
    re.VERBOSE,
)

_OTHER_WORDS = re.compile(
    r"auth(?:or(?!iz)|entic)|pass(?:[a-z](?<!w)(?!hrase)|w(?!or?d|d))|cred(?!s|ential|[\W_]|\Z)"
    r"|tokeni[sz]|secretar|secretsmanager|pwd[a-z]"
)
_SAID_LATER = re.compile(r"secret|token(?!i[sz])|passw|passphrase|api_?key|credential")
_KEY_OF = re.compile(
    r"(?:api|app|application|access|private|account|signing|sign|encryption|encrypt|crypto?|master"
    r"|shared|secret|auth|service|storage|license|deploy|client|server|session|admin|hmac|consumer"
    r"|subscription|ssh|aes|jwt|root|webhook|rest|project|write|team|bot|function|integration)"
    r"[ _.-]?\Z"
)
_DESCRIBES = re.compile(
    r"(?:\A|[_.-])(?:urls?|uri|paths?|files?|filename|dir|names?|types?|arn|version|checksum|digest"
    r"|fingerprint|sha\d*|md5|class|regex|pattern|format|placeholder|label|hint|errors?|prompt|title"
    r"|policy|length|len|size|min|max|count|limit|expiry|expir(?:es|ation)(?:_?(?:in|at))?|ttl|field"
    r"|lifetime|timeout|headers?|endpoint|enabled|required|algorithm|alg|issuer|audience|scopes?"
    r"|refs?|prefix|suffix|selector|column|index|status|state|at|in|method|mode|provider|strategy"
    r"|keyref|(?<!secret_)(?<!secret)id)\Z"
)
_STRONG = re.compile(r"pass|pwd|secret|api|access|private|auth[ _.-]?token|refresh")
_PASSWORD = re.compile(r"passw|passphrase|pwd|(?<![a-z])pass(?![a-z])")
_ENVIRONMENT_SECRET = re.compile(
    r"key|token|secret|pass|pwd|cred|dsn|auth|salt|private|signature|cookie|pin\Z|conn(?:ection)?_?str"
)
_ENVIRONMENT_HASH = re.compile(
    r"(?:\A|_)(?:sha\d*|commit|rev(?:ision)?|digest|checksum|hash|public)"
)


def credential_name(text: str, match: re.Match[str]) -> str | None:
    """The name of an `ASSIGNMENT` in lower case, or None if it says something else after all."""
    word, tail = match["word"], match["tail"]
    before = match.string[max(0, match.start() - 24) : match.start()]
    if _DESCRIBES.search(tail) or before.rstrip("_-. ").endswith("public"):
        return None
    if word == "secret" and before.endswith(":"):  # the type of resource in an ARN
        return None
    if "heroku" in before:  # whose keys are bare UUIDs
        return f"heroku_{word}{tail}"
    if _SAID_LATER.search(tail):
        return word + tail
    return _key_name(before, tail) if word == "key" else _other_name(text, match, before)


def _key_name(before: str, tail: str) -> str | None:
    """A key is a credential if something that hands out keys owns it: `api_key`, `signing-key`."""
    owner = _KEY_OF.search(before)
    return f"{owner[0]}key{tail}" if owner and not tail[:1].isalpha() else None


def _other_name(text: str, match: re.Match[str], before: str) -> str | None:
    word, name = match["word"], match["word"] + match["tail"]
    short = word in ("pass", "pwd", "cred", "auth")
    if _OTHER_WORDS.match(name) or (short and not _starts_word(text, match.start(), before)):
        return None
    return before.rpartition(" ")[2] + name if before[-1:] in ("_", "-", ".") else name


def _starts_word(text: str, start: int, before: str) -> bool:
    """Whether a short word stands by itself (`db_pass`, `dbPass`, `oauth`), unlike `compass`."""
    return (
        not before[-1:].isalpha()
        or (text[start].isupper() and text[start - 1].islower())
        or bool(
            re.search(r"(?<![a-z])(?:o|db|my|http|smtp|ftp|pg|mysql|redis|user|root)\Z", before)
        )
    )


def is_strong(name: str) -> bool:
    """Whether the name is that of a secret proper, not of any token or key."""
    return bool(_STRONG.search(name))


def is_for_password(name: str) -> bool:
    """Whether people choose the values of this name."""
    return bool(_PASSWORD.search(name))


def is_environment_secret(name: str) -> bool:
    """Whether a variable of an environment file is meant to be secret."""
    lowered = name.lower()
    return bool(_ENVIRONMENT_SECRET.search(lowered)) and not (
        _DESCRIBES.search(lowered) or _ENVIRONMENT_HASH.search(lowered)
    )


def is_environment_hash(name: str) -> bool:
    """Whether a variable of an environment file holds a public identifier or a checksum."""
    lowered = name.lower()
    return bool(_ENVIRONMENT_HASH.search(lowered) or _DESCRIBES.search(lowered))
