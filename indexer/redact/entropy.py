"""Is this value a credential, or a word, a placeholder, a name, a checksum?

No rule here knows a vendor; these are the tests for values that only their name gives away.
"""

from __future__ import annotations

import math
import re
from collections import Counter

from indexer.redact.spans import MARKER

_RANDOM_MIN_LENGTH = 12
_JUDGED = 256  # characters of a long value that are enough to judge it by
_TEXTUAL = re.compile(r"[A-Za-z0-9+/=_.~!@#$%^&*:|-]+\Z")
_SEPARATOR = re.compile(r"[_.-]")
_DIGIT = re.compile(r"[0-9]")
_LETTER = re.compile(r"[A-Za-z]")
_ANY_LETTER = re.compile(r"[^\W\d_]")
_PASSWORD_SIGN = re.compile(r"[\d!@#$%^&*?+~=]")
_SPACE = re.compile(r"\s")
_KINDS = tuple(map(re.compile, (r"[a-z]", r"[A-Z]", r"\d", r"[^\w]|_")))
_HEX = re.compile(r"[0-9a-fA-F]+\Z")
_CHANGE = re.compile(r"(?=([a-z][A-Z0-9]|[A-Z][a-z0-9]|[0-9][A-Za-z]))")
_PAIR = re.compile(r"(?=[A-Za-z0-9]{2})")
_PIECE = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_CAPITALISED_WORD = re.compile(r"[A-Z][a-z]{3,}")
_LOWER_RUN = re.compile(r"[a-z]+")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\Z", re.IGNORECASE)

_TEMPLATE = re.compile(
    r"""
    .*(?:\$\{|\{\{|\$\(|<%|%\(\w*\)s|\[redacted:).*   # interpolation, or our own marker
    | [<\[({].*[>\])}] | \$\w+ | \$env:\w+ | %\w+% | @\w+@ | %[sdrvq]
    | (.)\1* | (?:[x*.•_#?-]|…)+ | x{3,}.* | .*(?:x{5,}|\*{3,}|\.{3,}|…|•{3,}).*
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_LITERAL = re.compile(
    r"none|null|nil|true|false|yes|no|on|off|undefined|nan|n/a|tbd|todo|fixme|empty|default|auto"
    r"|str|string|text|bytes?|int|integer|number|bool|boolean|any|object|optional|required|hidden"
    r"|varchar|secretstr|required|optional|unset|unknown|disabled|enabled|prompt|ask|keyring|env"
    r"|(?:foo|bar|baz|qux|quux|abc|abcd|asdf|qwerty)+",
    re.IGNORECASE,
)
_SAYS_PLACEHOLDER = re.compile(
    r"example|change[-_ ]?(?:me|this|it)|placeholder|redacted|dummy|(?<![a-z])your[-_ ]?"
    r"|replace[-_ ]?(?:me|this|with)|insert[-_ ]|fill[-_ ]?in|(?<![a-z])fake|(?<![a-z])sample"
    r"|not[-_ ]?(?:a[-_ ])?(?:real|secret)|deadbeef|lorem|<[a-z]|goes[-_ ]?here|(?<![a-z])my[-_]",
    re.IGNORECASE,
)
_REFERENCE = re.compile(
    r"vault:|arn:|file:|ref\+|enc\[|\.{0,2}/(?:[a-z_.-]+(?:/|\Z))+|~/|[a-z]:\\|[a-z][a-z0-9+.-]*://"
    r"|sha\d+[-:]|md5[-:]|h1:|data:|urn:|process\.env|os\.environ",
    re.IGNORECASE,
)
_EXPRESSION = re.compile(
    r"[!&*@:$%\\].*|[A-Za-z_][\w.]*[(\[].*"  # YAML tags and anchors, variables, calls, subscripts
    r"|(?:[A-Za-z_]\w*(?:\.|->|::))+[A-Za-z_]\w{0,24}",
    re.DOTALL,
)
_SEQUENCES = ("abcdefgh", "12345678", "0123456", "87654321", "abc123", "123abc")
_WEAK_WORDS = re.compile(
    r"password|passwd|passphrase|passw0rd|pass|pwd|secret|token|test(?:ing|er)?|api|key|user(?:name)?"
    r"|admin|root|guest|login|auth|value|super|demo|default|local(?:host)?|dev|prod|staging|new|old"
    r"|wrong|invalid|valid|bad|good|incorrect|some|the|my|a(?![a-z])|is|very|not|long|short"
    r"|first|second|third|another|other|foo|bar|baz|mock|access|refresh|client|private|hello|world"
    r"|strong|weak|string|here|with|and|for|this|that|hash|salt|abc|xyz",
    re.IGNORECASE,
)
_DATE_OR_VERSION = re.compile(r"v?\d+(?:[.:/_T-]\d+)+(?:[.+-]?\w{1,12})?Z?\Z")


def shannon_entropy(value: str) -> float:
    """Bits per character (Shannon 1948) of the value's own distribution; 0.0 for ""."""
    size = len(value)
    return -sum(n / size * math.log2(n / size) for n in Counter(value).values()) if size else 0.0


def is_uuid(value: str) -> bool:
    """Whether the value is a UUID in its usual form of 36 characters."""
    return bool(_UUID.match(value))


def is_hex(value: str) -> bool:
    """Whether the value is hexadecimal digits and nothing else."""
    return bool(_HEX.match(value))


def is_template(value: str) -> bool:
    """Whether the value stands for another one: empty, `${VAR}`, `<token>`, `xxxx`, a reference."""
    if not value or MARKER in value:
        return True
    value = value[:_JUDGED]
    return bool(_TEMPLATE.fullmatch(value) or _LITERAL.fullmatch(value) or _REFERENCE.match(value))


def is_expression(value: str) -> bool:
    """Whether an unquoted value is code: a variable, a call, a subscript, a dotted name."""
    return bool(_EXPRESSION.fullmatch(value))


def is_placeholder(value: str) -> bool:
    """Whether the value stands for another one or says itself that it is no credential."""
    return is_template(value) or bool(_SAYS_PLACEHOLDER.search(value[:_JUDGED]))


def is_weak_phrase(value: str) -> bool:
    """Whether nothing but digits and signs is left once the words of test passwords are gone."""
    rest = _WEAK_WORDS.sub("", value)
    return sum(map(str.isalpha, rest)) <= 2 or any(s in value.lower() for s in _SEQUENCES)


def looks_random(value: str) -> bool:
    """Whether a generator rather than a person made the value up.

    Entropy alone cannot tell twenty random characters (about 4.1 bits) from a long identifier
    (about 3.6), so the changes between lower case, upper case and digits decide: every second
    pair of neighbours in random base62 changes, one in seven or fewer in names and prose.
    """
    value = value[:_JUDGED]
    size = len(value)
    if size < _RANDOM_MIN_LENGTH or not _TEXTUAL.match(value) or _DATE_OR_VERSION.match(value):
        return False
    if not _DIGIT.search(value):
        return _looks_shuffled(value)
    if any(s in value.lower() for s in _SEQUENCES[:2]) or _is_camel_case(value):
        return False
    if is_hex(value):
        return size >= 16 and not value.isdigit() and shannon_entropy(value) >= 2.6
    if not _LETTER.search(value) or (size < 16 and is_made_of_words(value)):
        return False
    # Identifiers in one piece change less still than those with separators.
    enough = 0.15 if _SEPARATOR.search(value) else 0.1
    return _changes(value) >= enough and shannon_entropy(value) >= (3.0 if size < 20 else 3.3)


def is_made_of_words(value: str) -> bool:
    """Whether the pieces between changes of case and digits are long, as in identifiers.

    They have 1.8 characters on average in random base62 and 2.3 in random base36.
    """
    pieces = _PIECE.findall(value)
    return not pieces or sum(map(len, pieces)) / len(pieces) > 3.0


def _is_camel_case(value: str) -> bool:
    return sum(map(len, _CAPITALISED_WORD.findall(value))) >= 0.55 * len(value)


def _looks_shuffled(value: str) -> bool:
    """Random letters without one digit: the lower-case runs are shorter than words are."""
    if len(value) < 20 or value.islower() or value.isupper() or _is_camel_case(value):
        return False
    runs = _LOWER_RUN.findall(value)
    short = bool(runs) and sum(map(len, runs)) / len(runs) < 3.2
    return short and _changes(value) >= 0.3 and shannon_entropy(value) >= 3.3


def _changes(value: str) -> float:
    """The share of neighbouring letters and digits that differ in case or kind."""
    pairs = len(_PAIR.findall(value))
    return len(_CHANGE.findall(value)) / pairs if pairs else 0.0


def looks_like_password(value: str, *, strict: bool) -> bool:
    """Whether a person might have chosen the value as a password.

    Letters together with a digit or a sign, no white space. `strict` (code, prose) wants three
    kinds of characters in eight or more, and more than the words that test passwords are made of.
    """
    if not (5 <= len(value) <= 128) or _SPACE.search(value):
        return False
    if not (_PASSWORD_SIGN.search(value) and _ANY_LETTER.search(value)):
        return value.isdigit() and not strict
    if _DATE_OR_VERSION.match(value) or is_uuid(value):
        return False
    return not strict or (_kinds(value) >= 3 and len(value) >= 8 and not is_weak_phrase(value))


def _kinds(value: str) -> int:
    return sum(bool(kind.search(value)) for kind in _KINDS)
