"""The one gate in front of an answer: every sentence, whoever wrote it, is checked here.

A candidate passes when each of its citations resolves in the indexed version, none is longer than
`MOST_CITED_LINES`, and the cited text supports it. What supports means is a parameter: extraction
demands that the sentence stands there word for word (`is_quoted`); a model's paraphrase brings
its own test and goes through the same gate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dustlocal.api import Citation

from .markup import code_signature, prose_signature

MOST_CITED_LINES = 40

# (candidate, cited text) -> does the text bear the candidate out?
Support = Callable[["Candidate", str], bool]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence, or a piece of code, that wants into an answer, with what shall prove it."""

    text: str
    citations: tuple[Citation, ...]
    is_code: bool = False


@dataclass(frozen=True, slots=True)
class Verified:
    """A candidate whose citations resolve and support it, with the text they resolve to."""

    candidate: Candidate
    evidence: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A candidate that must not be shown, and why."""

    candidate: Candidate
    reason: str


def is_quoted(candidate: Candidate, evidence: str) -> bool:
    """Whether the candidate stands in the evidence, markup and white space aside."""
    signature = code_signature if candidate.is_code else prose_signature
    wanted = signature(candidate.text)
    return bool(wanted.strip()) and wanted in signature(evidence)


class Verifier:
    """Checks candidates against the indexed version."""

    def __init__(
        self, resolve: Callable[[Citation], str | None], supports: Support = is_quoted
    ) -> None:
        self._resolve = resolve
        self._supports = supports

    def verify(self, candidate: Candidate) -> Verified | Rejected:
        """The candidate with its evidence, or the reason why it can't be shown."""
        if not candidate.citations:
            return Rejected(candidate, "it cites nothing")
        evidence: list[str] = []
        for citation in candidate.citations:
            problem = _malformed(citation)
            if problem:
                return Rejected(candidate, problem)
            text = self._resolve(citation)
            if text is None:
                return Rejected(candidate, f"{place(citation)} is not in the index")
            evidence.append(text)
        joined = "\n".join(evidence)
        if not self._supports(candidate, joined):
            return Rejected(candidate, f"{place(citation)} does not say it")
        return Verified(candidate, joined)


def place(citation: Citation) -> str:
    """A citation as people write it: `path:start-end`, `path:line` or a short commit."""
    if citation.commit:
        return f"commit {citation.commit[:10]}"
    if citation.start_line == citation.end_line:
        return f"{citation.path}:{citation.start_line}"
    return f"{citation.path}:{citation.start_line}-{citation.end_line}"


def _malformed(citation: Citation) -> str:
    if citation.commit:
        return ""
    lines = citation.end_line - citation.start_line + 1
    if not citation.path or citation.start_line < 1 or lines < 1:
        return f"{place(citation)} is no place"
    if lines > MOST_CITED_LINES:
        return f"{place(citation)} has {lines} lines, over {MOST_CITED_LINES}"
    return ""
