"""Words: identifiers split and kept whole, paths, the stop list, quoting."""

import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer import lexical


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("getUserName", ("get", "User", "Name")),
        ("HTTPServer", ("HTTP", "Server")),
        ("retry_after_2", ("retry", "after", "2")),
        ("plain", ()),
        ("SHOUT", ()),
        ("_private", ("private",)),
        ("utf8", ("utf", "8")),
        ("größeÄndern", ("größe", "Ändern")),
    ],
)
def test_compound_identifiers_are_split(word: str, parts: tuple[str, ...]) -> None:
    joined = "".join(lexical.split_identifier(word)).replace("_", "")
    assert joined == ("".join(parts) or "")
    if word.isascii():
        assert lexical.split_identifier(word) == parts


def test_body_words_keep_the_identifier_and_add_its_parts() -> None:
    assert lexical.body_words("x = maxRetries(3)") == "x maxRetries max Retries 3"


def test_data_that_looks_like_a_word_is_left_out() -> None:
    assert lexical.body_words("a" * 65 + " ok").strip() == "ok"


def test_a_path_repeats_its_stem_and_its_folders() -> None:
    words = lexical.path_words("src/flask/json/provider.py").split()
    assert words.count("provider") == 3
    assert words.count("json") == 2


def test_query_terms_drop_the_stop_list_and_repeats() -> None:
    assert lexical.query_terms("How is the retry of the retry done?") == ["retry"]


def test_a_query_of_stop_words_only_keeps_them() -> None:
    assert lexical.query_terms("what is this") == ["what", "is", "this"]


def test_a_huge_query_is_bounded() -> None:
    query = " ".join(f"word{number}x" for number in range(20_000))
    assert len(lexical.query_terms(query)) == lexical.MAX_QUERY_TERMS


@settings(deadline=None, max_examples=200)
@given(st.text())
def test_no_query_breaks_the_full_text_syntax(query: str) -> None:
    terms = lexical.query_terms(query)
    if not terms:
        return
    database = sqlite3.connect(":memory:")
    database.execute("CREATE VIRTUAL TABLE words USING fts5(body)")
    database.execute(
        "SELECT * FROM words WHERE words MATCH ?", (lexical.match_any(terms),)
    ).fetchall()
    database.close()


@pytest.mark.parametrize(
    "query", ['a" OR "b', "NEAR(a b)", "body: x", "a AND NOT b", "(", "*", "^a", "-x"]
)
def test_operators_and_quotes_are_words(query: str) -> None:
    assert all(term.isalnum() for term in lexical.query_terms(query))
