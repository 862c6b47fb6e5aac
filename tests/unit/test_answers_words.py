"""Words, stems and near forms: what makes two spellings count as one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dustlocal.answers.words import (
    is_misspelling,
    is_near_form,
    keys,
    keys_of,
    parts,
    stem,
    words,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("retries", "retry"),
        ("retrying", "retried"),
        ("validation", "validate"),
        ("classes", "class"),
        ("stopping", "stopped"),
        ("caches", "cache"),
        ("défaut", "defaut"),
    ],
)
def test_forms_of_a_word_share_a_stem(one: str, other: str) -> None:
    assert stem(one) == stem(other)


@pytest.mark.parametrize(
    ("one", "other"), [("status", "state"), ("process", "procedure"), ("header", "heading")]
)
def test_different_words_keep_different_stems(one: str, other: str) -> None:
    assert stem(one) != stem(other)


def test_an_identifier_is_compared_whole_by_piece_and_by_pair() -> None:
    assert {"max_pool_size", "max", "pool", "poolsiz"} <= set(keys("MAX_POOL_SIZE"))


@pytest.mark.parametrize(("written", "asked"), [("GZipDecoder", "gzip"), ("OAuthFlow", "oauth")])
def test_names_that_camel_case_tears_apart_are_found_as_people_write_them(
    written: str, asked: str
) -> None:
    assert stem(asked) in keys_of(written)


def test_a_plural_acronym_is_one_word() -> None:
    assert parts("URLs") == ("urls",)
    assert stem("URLs") == stem("URL")


def test_an_identifier_inside_an_unspaced_script_is_a_word_of_its_own() -> None:
    assert words("flask的config怎么加载") == ["flask", "的", "config", "怎么加载"]


@pytest.mark.parametrize(
    ("asked", "seen", "same"),
    [
        ("config", "configur", True),
        ("authent", "auth", True),
        ("form", "format", False),
        ("autoscal", "auto", False),
    ],
)
def test_near_forms_are_longer_or_shortened_ones(asked: str, seen: str, same: bool) -> None:
    assert is_near_form(asked, seen) is same


@pytest.mark.parametrize(
    ("asked", "seen", "same"),
    [
        ("boundry", "boundary", True),
        ("recieve", "receive", True),
        ("authentciat", "authenticat", True),
        ("syncclient", "asyncclient", False),
        ("read", "real", False),
        ("v1000", "v1001", False),
    ],
)
def test_a_misspelling_is_a_slip_or_two_never_another_name(
    asked: str, seen: str, same: bool
) -> None:
    assert is_misspelling(asked, seen) is same


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80))
def test_any_text_has_keys(text: str) -> None:
    assert all(keys_of(text)) or not keys_of(text)
    assert keys_of(text) == keys_of(text.replace("\n", " "))
