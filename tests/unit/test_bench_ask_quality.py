"""The judge of answers: what counts as a hit, and how the figures add up."""

from __future__ import annotations

from pathlib import Path

import pytest

from dustlocal.api import Citation
from dustlocal.bench.ask_quality import Accepted, Judged, is_accepted, summarise


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "a.py").write_text("one\ntwo\ndef f():\n    pass\nend\n")
    return tmp_path


def _lines(start: int, end: int, path: str = "a.py") -> Citation:
    return Citation(source="s", path=path, start_line=start, end_line=end)


@pytest.mark.parametrize(
    ("citation", "accepted"),
    [
        (_lines(3, 3), True),
        (_lines(1, 4), True),
        (_lines(4, 4), True),
        (_lines(5, 5), False),
        (_lines(1, 2), False),
        (Citation(source="s", commit="abc"), False),
    ],
)
def test_a_citation_must_meet_the_lines_of_the_place(
    root: Path, citation: Citation, accepted: bool
) -> None:
    places = [Accepted("a.py", r"^def f", 2)]
    assert is_accepted(citation, places, root, "def f\n") is accepted


def test_a_path_is_matched_whole(root: Path) -> None:
    assert not is_accepted(_lines(3, 3), [Accepted("a", "def f")], root, "")
    assert is_accepted(_lines(3, 3), [Accepted(r"\w\.py", "def f")], root, "")


def test_a_commit_is_matched_by_its_subject(root: Path) -> None:
    commit = Citation(source="s", commit="abc")
    assert is_accepted(commit, [Accepted(commit="^Cap")], root, "Cap it\n\nbody")
    assert not is_accepted(commit, [Accepted(commit="body")], root, "Cap it\n\nbody")


def _judged(
    *, answerable: bool, refused: bool = False, first: bool = False, hit: bool = False
) -> Judged:
    return Judged("i", "q", answerable, refused, first, hit or first, 100, 2.0)


def test_the_figures_add_up() -> None:
    quality = summarise(
        [
            _judged(answerable=True, first=True),
            _judged(answerable=True, hit=True),
            _judged(answerable=True),
            _judged(answerable=True, refused=True),
            _judged(answerable=False, refused=True),
            _judged(answerable=False),
        ]
    )
    assert (quality.answerable, quality.unanswerable) == (4, 2)
    assert (quality.hit_first, quality.hit_any) == (0.25, 0.5)
    assert (quality.refusal_precision, quality.refusal_recall) == (0.5, 0.5)


def test_no_questions_have_no_figures() -> None:
    assert summarise([]).hit_any == 0.0
