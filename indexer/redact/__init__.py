"""Credentials out of a text, before it is stored, logged or shown.

The design is that of gitleaks: a cheap scan for keywords, then one expression per kind where its
keyword stands, then Shannon entropy where a shape alone proves nothing. No library does it fast
enough in Python: detect-secrets 1.5.0 reads 0.09 MB/s line by line and calls every second clean
line a hit; this package reads more than 15 MB/s of source code on one core.

::

    text ── tokens       anchors of every vendor's format, of headers, URLs and command lines
         ├─ keyblocks    private keys over many lines
         ├─ commands     passwords typed behind an option
         ├─ assignments  names that say credential, judged by value and surroundings
         └─ documents    .env, .netrc, .pgpass, Kubernetes secrets
                 └──> spans, merged, blanked with their line breaks kept

What it will not see: a secret that is a plain word, one without name or shape, and one that its
author encoded. Placeholders, hashes, UUIDs and lock files are left as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

from indexer.redact.assignments import find_assignments
from indexer.redact.commands import find_typed_passwords
from indexer.redact.documents import find_in_documents
from indexer.redact.keyblocks import find_private_keys
from indexer.redact.spans import Span, blank_spans, lower_aligned, merge_spans
from indexer.redact.surroundings import Surroundings, surroundings_of
from indexer.redact.tokens import find_tokens

__all__ = ["Finding", "redact", "redact_report"]

_MOST_PASSES = 8  # one finds all but contrived nestings; the bound is for hostile text


@dataclass(frozen=True, slots=True)
class Finding:
    """A credential of kind `rule` that began on `line` (1-based). Never the credential itself."""

    rule: str
    line: int


def redact(text: str, path: str = "") -> str:
    """The text with every credential replaced by `[redacted:kind]`.

    Line breaks stay where they are, so that line numbers keep their meaning; what is redacted
    already stays as it is. `path` (relative, with `/`; "" for a message, a question or a log line)
    tells how values are written in the text.
    """
    return redact_report(text, path)[0]


def redact_report(text: str, path: str = "") -> tuple[str, list[Finding]]:
    """The redacted text, and what was taken out of it, in the order of lines."""
    findings: list[Finding] = []
    for _ in range(_MOST_PASSES):
        spans = _find_credentials(text, path)
        if not spans:
            break
        findings += _locate(text, spans)
        text = blank_spans(text, spans)
    return text, sorted(findings, key=lambda finding: finding.line)


def _find_credentials(text: str, path: str) -> list[Span]:
    lowered = lower_aligned(text)
    around = surroundings_of(path)
    spans = [*find_private_keys(text), *find_tokens(text, lowered)]
    spans += find_typed_passwords(text, lowered)
    if around is not Surroundings.LOCK:
        spans += find_assignments(text, lowered, around)
        spans += find_in_documents(text, lowered, path, around)
    return merge_spans(spans)


def _locate(text: str, spans: list[Span]) -> list[Finding]:
    line, at = 1, 0
    found = []
    for span in spans:
        line += text.count("\n", at, span.start)
        at = span.start
        found.append(Finding(span.rule, line))
    return found
