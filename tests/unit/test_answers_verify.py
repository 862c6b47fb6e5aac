"""The gate: only what stands in the cited lines of the indexed version passes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dustlocal.answers.markup import prose_signature, readable
from dustlocal.answers.verify import Candidate, Rejected, Verified, Verifier, place
from dustlocal.api import Citation

FILE = [
    "# Limits",
    "Use [`Pool.size`](api.md#size) to **cap** the pool;",
    "do not raise it above 10.",
    "",
    "    limit = min(asked, 10)",
]


def _resolve(citation: Citation) -> str | None:
    if citation.commit:
        return "Cap the pool\n\nBecause of #7." if citation.commit == "abc" else None
    if citation.path != "a.md" or citation.end_line > len(FILE):
        return None
    return "\n".join(FILE[citation.start_line - 1 : citation.end_line])


def _lines(start: int, end: int, path: str = "a.md") -> tuple[Citation, ...]:
    return (Citation(source="s", path=path, start_line=start, end_line=end),)


def _verify(text: str, citations: tuple[Citation, ...], *, code: bool = False) -> object:
    return Verifier(_resolve).verify(Candidate(text, citations, is_code=code))


def test_a_sentence_without_its_markup_still_stands_in_its_lines() -> None:
    text = "Use `Pool.size` to cap the pool; do not raise it above 10."
    outcome = _verify(text, _lines(2, 3))
    assert isinstance(outcome, Verified)
    assert "do not raise" in outcome.evidence


def test_code_stands_whatever_its_indentation() -> None:
    assert isinstance(_verify("limit = min(asked, 10)", _lines(5, 5), code=True), Verified)


@pytest.mark.parametrize(
    ("text", "citations", "code", "reason"),
    [
        ("limit = max(asked, 10)", _lines(5, 5), True, "does not say it"),
        ("Raise it above 100.", _lines(2, 3), False, "does not say it"),
        ("raise it above 1", _lines(2, 3), False, "does not say it"),
        ("...", _lines(2, 3), False, "does not say it"),
        ("Limits", _lines(1, 90), False, "90 lines"),
        ("Limits", _lines(0, 1), False, "no place"),
        ("Limits", _lines(3, 2), False, "no place"),
        ("Limits", _lines(1, 9), False, "not in the index"),
        ("Limits", _lines(1, 1, "gone.md"), False, "not in the index"),
        ("Limits", (), False, "cites nothing"),
        ("Cap the pool", (Citation(source="s", commit="fff"),), False, "not in the index"),
    ],
)
def test_what_is_not_there_is_rejected_with_the_reason(
    text: str, citations: tuple[Citation, ...], code: bool, reason: str
) -> None:
    outcome = _verify(text, citations, code=code)
    assert isinstance(outcome, Rejected)
    assert reason in outcome.reason


def test_every_citation_of_a_candidate_must_resolve() -> None:
    assert isinstance(_verify("Limits", _lines(1, 1) + _lines(9, 9)), Rejected)


def test_a_commit_is_a_citation_too() -> None:
    assert isinstance(_verify("Because of #7.", (Citation(source="s", commit="abc"),)), Verified)


def test_a_paraphrase_goes_through_the_same_gate_with_its_own_test() -> None:
    lenient = Verifier(_resolve, lambda candidate, evidence: "10" in evidence)
    said = Candidate("Ten is the cap.", _lines(2, 3))
    assert isinstance(lenient.verify(said), Verified)
    assert isinstance(lenient.verify(Candidate("Ten is the cap.", _lines(1, 1))), Rejected)


def test_a_place_reads_as_people_write_it() -> None:
    assert [place(*_lines(3, 3)), place(*_lines(3, 4))] == ["a.md:3", "a.md:3-4"]
    assert place(Citation(source="s", commit="0123456789abcdef")) == "commit 0123456789"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("- See :meth:`~flask.Flask.run` first.", "See `run` first."),
        ("> **Note** ``x`` is *old*.", "Note `x` is old."),
        ("`The docs <https://a.b/c>`_ say so.", "The docs say so."),
        ("/// Sends one request.", "Sends one request."),
        (" * @param size the cap */", "@param size the cap"),
        ('    """Opens the pool."""', "Opens the pool."),
        ("# a comment", "a comment"),
        ("int *p = *q;", "int *p = *q;"),
    ],
)
def test_markup_is_taken_off_for_readers(raw: str, shown: str) -> None:
    assert readable(raw) == shown


_MARKED = st.text(alphabet="ab c.`*_[]()<>#-\n\"'~:/", max_size=60)


@settings(max_examples=300, deadline=None)
@given(_MARKED)
def test_what_a_reader_sees_has_the_words_of_the_source(raw: str) -> None:
    assert set(prose_signature(readable(raw)).split()) <= set(prose_signature(raw).split())
