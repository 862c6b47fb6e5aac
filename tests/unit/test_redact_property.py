"""Laws of redaction over any text, and its cost on text made to be slow."""

from __future__ import annotations

import runpy
import string
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from indexer.redact import redact, redact_report
from indexer.redact.headers import HEADER_RULES
from indexer.redact.rules import RULES
from indexer.redact.spans import lower_aligned

_DATA = runpy.run_path(str(Path(__file__).parents[1] / "data" / "credentials.py"))
_ANCHORS = sorted({anchor for rule in RULES + HEADER_RULES for anchor in rule.anchors})
_SECRETS = [planted.secret for planted in _DATA["PLANTED"]] + [_DATA["private_key"]("RSA", 3)]
_GLUE = [
    "\n", "\r\n", " ", "=", ": ", '"', "'", "@", "://", ".", "-", "\\n", "[redacted:x]", "\u2028",
    "password", "token", "api_key", "SECRET", "auth", "login a password ", "curl -u a:", "mysql -p",
    "-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----", "Bearer ", "İ", "\x00",
    "kind: Secret\ndata:\n  a: ", "machine ",
]  # fmt: skip
_PATHS = st.sampled_from(["", "a.py", "a.yaml", ".env", "a.md", "go.sum", ".netrc", ".npmrc"])
_SOUP = st.lists(
    st.one_of(
        st.sampled_from(_ANCHORS + _GLUE + _SECRETS),
        st.text(alphabet=string.ascii_letters + string.digits + "+/=_-", max_size=50),
        st.text(max_size=8),
    ),
    max_size=14,
).map("".join)


@settings(max_examples=400, deadline=None)
@given(text=_SOUP, path=_PATHS)
@example(text="lin_oauth_--user=000\x80", path="")
def test_every_line_break_stays_on_its_line(text: str, path: str) -> None:
    redacted = redact(text, path)
    assert redacted.count("\n") == text.count("\n")
    assert len((redacted + "|").splitlines()) == len((text + "|").splitlines())


@settings(max_examples=400, deadline=None)
@given(text=_SOUP, path=_PATHS)
@example(text="password=[redacted:x]tail", path=".env")
@example(text="https://[redacted:url-token]@host/", path="")
def test_redacting_twice_changes_nothing(text: str, path: str) -> None:
    once = redact(text, path)
    assert redact(once, path) == once


@settings(max_examples=200, deadline=None)
@given(text=_SOUP, path=_PATHS)
def test_findings_are_where_the_text_changed(text: str, path: str) -> None:
    redacted, findings = redact_report(text, path)
    assert bool(findings) == (redacted != text)
    before, after = text.split("\n"), redacted.split("\n")
    changed = {n for n, pair in enumerate(zip(before, after, strict=True), 1) if pair[0] != pair[1]}
    assert {finding.line for finding in findings} <= changed


@settings(max_examples=200, deadline=None)
@given(text=st.text(alphabet="abdfgijlmqvxz \n\t.,()", max_size=400), path=_PATHS)
def test_text_without_triggers_stays(text: str, path: str) -> None:
    assert redact(text, path) == text


@settings(max_examples=150, deadline=None)
@given(
    secret=st.sampled_from([s for s in _SECRETS if s.startswith(("gh", "xo", "sk", "AK", "gl"))]),
    before=st.text(max_size=20),
    after=st.text(alphabet=" \n\t\"'),;]}", max_size=20),
    path=_PATHS,
)
def test_prefixed_token_goes_whatever_stands_around_it(
    secret: str, before: str, after: str, path: str
) -> None:
    if before[-1:].isascii() and before[-1:].isalnum():  # then it is part of a longer word
        before += " "
    assert secret not in redact(f"{before}{secret}{after}", path)


def test_lower_case_is_aligned_for_every_character() -> None:
    text = "".join(map(chr, range(0x110000)))
    assert len(lower_aligned(text)) == len(text)
    assert all(len(lower_aligned(chr(code))) == 1 for code in range(0x3000))


_MEGABYTE = 1_000_000
HOSTILE = (
    "a", "eyJ", "-----BEGIN", "-----BEGIN PRIVATE KEY-----", "=", "-", "_", "://", "://a:", "@",
    "password", "password=", 'password="', "token ", "api_key: ", "secret:'", "key,",
    "auth\\\"",
    "eyJa.", "-eyJ", "ghp_", "xoxb-", "sk-", "sk-ant-", "glpat-", "-u a:", "curl -u ",
    "Bearer ",
    "Basic ", "AKIA", "Q~", ":AA", "-us1", "machine ", "login a password ", "mysql ", "-p ",
    "redis-cli ", "A1b2", "M.", "1.a", "\\n", "<", "[redacted:", "İ", "data:\n  a: ",
    "kind: secret\n", "x=", "A='", 'A="\\', "::::", "\n", " ", "\t=", "(|>\\\n", "key = \n",
    "----- BEGIN", "Private-Lines: 1\nA", "a1-", "0123456789abcdef", "mailgun-",
)  # fmt: skip


@pytest.mark.parametrize("path", ["", "a.yaml", ".env"])
@pytest.mark.parametrize("word", HOSTILE)
def test_repeated_trigger_costs_linear_time(word: str, path: str) -> None:
    """Eight times the text: 8x if linear, 64x if quadratic; 30x and the floor allow for noise."""
    small, large = (word * (size // len(word)) for size in (8_000, 64_000))
    assert _seconds(large, path) <= 30 * max(_seconds(small, path), 0.002)


def _seconds(text: str, path: str) -> float:
    def once() -> float:
        start = time.process_time()
        redact(text, path)
        return time.process_time() - start

    return min(once() for _ in range(2))


def test_huge_line_is_read_through() -> None:
    secret: Any = _SECRETS[7]
    line = "var a=1;" * (5 * _MEGABYTE // 8) + f' t="{secret}"'
    redacted = redact(line, "bundle.js")
    assert secret not in redacted and redacted.startswith("var a=1;")
