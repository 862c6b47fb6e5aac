"""Docstrings become queries, and leave the code that is indexed."""

from __future__ import annotations

import ast
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from dustlocal.api import Hit
from dustlocal.bench.docstring_queries import DocstringQuery, first_paragraph, stripped
from dustlocal.bench.docstrings import asked, drawn, function_score, strip_docstrings

SOURCE = '''\
"""A module's docstring stays where it is."""


class Box:
    """A class's docstring stays too."""

    @property
    def size(self) -> int:
        """Count the things that are inside.

        Not those beside it.
        """
        return 1


async def fetch(url):
    """Get it.

    Args: none of these words matter at all
    """
    return url


def only_a_docstring():
    """There is nothing else to find in here."""
'''


def test_functions_docstrings_are_emptied_and_lines_keep_their_numbers() -> None:
    text, _ = stripped("box.py", SOURCE)
    assert "Count the things" not in text
    assert "Get it." not in text
    assert "A module's docstring" in text
    assert "A class's docstring" in text
    before, after = SOURCE.split("\n"), text.split("\n")
    assert len(before) == len(after)
    assert all(new in ("", old) for old, new in zip(before, after, strict=True))
    ast.parse(text)


def test_first_paragraphs_of_four_words_ask() -> None:
    _, queries = stripped("box.py", SOURCE)
    assert queries == [DocstringQuery("Count the things that are inside.", "box.py", 8, 13)]


def test_a_paragraph_ends_at_the_field_list() -> None:
    assert (
        first_paragraph("Send the\nmessage now.\n:param x: y\n\nMore.") == "Send the message now."
    )


def test_what_python_cannot_read_is_left_alone() -> None:
    for source in ("def broken(:\n", "x = '\0'\n"):
        assert stripped("a.py", source) == (source, [])


@settings(max_examples=50, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=200))
def test_any_docstring_leaves_code_that_parses(words: str) -> None:
    source = f"def f(x):\n    {words!r}\n    return x\n"
    text, _ = stripped("a.py", source)
    assert isinstance(ast.parse(text).body[0], ast.FunctionDef)


def hit(path: str, start: int, end: int) -> Hit:
    return Hit(
        source="s", path=path, start_line=start, end_line=end, symbol="", kind="code",
        language="python", score=1.0, text="",
    )  # fmt: skip


QUERY = DocstringQuery("find the function by what it does", "a.py", 10, 20)
TWIN = DocstringQuery("find the function by what it does", "twin.py", 1, 2)


def test_the_rank_is_that_of_the_first_passage_that_shows_the_function() -> None:
    hits = [hit("b.py", 10, 20), hit("a.py", 1, 9), hit("a.py", 5, 10), hit("a.py", 12, 14)]
    assert function_score([QUERY], hits).rank == 3


def test_a_passage_counts_once_however_often_it_comes() -> None:
    hits = [hit("b.py", 1, 2), hit("b.py", 1, 2), hit("a.py", 20, 30)]
    assert function_score([QUERY], hits).rank == 2


def test_passages_around_the_function_do_not_count() -> None:
    assert function_score([QUERY], [hit("a.py", 1, 9), hit("a.py", 21, 30)]).rank is None


def test_words_that_two_functions_had_are_asked_once_and_find_either() -> None:
    other = DocstringQuery("do something else with it", "a.py", 30, 40)
    assert asked([QUERY, other, TWIN]) == [(QUERY.text, [QUERY, TWIN]), (other.text, [other])]
    assert function_score([QUERY, TWIN], [hit("b.py", 1, 2), hit("twin.py", 2, 2)]).rank == 2


def test_test_functions_lose_their_docstring_and_ask_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(
        b"async def test_box():\r\n"
        b"    '''Check that the box is closed.'''\r\n"
        b"    return 1\r\n"
        b"def close_box():\r\n"
        b"    '''Close the box for good.'''\r\n"
        b"    return 1\r\n"
    )
    (tmp_path / "latin.py").write_bytes(b"# \xe9\n")
    assert [query.text for query in strip_docstrings(tmp_path)] == ["Close the box for good."]
    assert b"closed" not in (tmp_path / "a.py").read_bytes()
    assert (tmp_path / "latin.py").read_bytes() == b"# \xe9\n"


def test_a_draw_is_the_same_each_time_and_in_order() -> None:
    questions = asked([DocstringQuery(f"query {n}", "a.py", n, n) for n in range(1, 100)])
    some = drawn(questions, 10)
    assert some == drawn(questions, 10)
    assert len(some) == 10
    assert some == [question for question in questions if question in some]
    assert drawn(questions, 0) == drawn(questions, 500) == questions


def test_whole_docstrings_ask_when_they_are_wanted() -> None:
    source = 'def send(message):\n    """Send the message now.\n\n    Twice if needed.\n    """\n    return 1\n'
    (short,) = stripped("a.py", source)[1]
    (long,) = stripped("a.py", source, whole=True)[1]
    assert short.text == "Send the message now."
    assert long.text == "Send the message now. Twice if needed."


def test_a_docstring_that_stays_in_the_text_asks_nothing() -> None:
    text, queries = stripped("a.py", 'def f(): """Send the message right now."""; return 1\n')
    assert "Send the message" in text
    assert queries == []
