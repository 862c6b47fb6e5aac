"""What a question asks for, and which of its words carry it."""

from __future__ import annotations

import pytest

from dustlocal.answers.question import Asking, Question, Term, analyse
from indexer.errors import QueryError


def _term(question: Question, text: str) -> Term:
    return next(term for term in question.terms if term.text == text)


@pytest.mark.parametrize(
    ("text", "asking"),
    [
        ("where is the retry cap?", Asking.WHERE),
        ("Which class sends requests", Asking.WHERE),
        ("how does paging work", Asking.HOW),
        ("what happens if the socket closes?", Asking.HOW),
        ("How do I turn on debug output?", Asking.HOWTO),
        ("what is the default port", Asking.VALUE),
        ("How many workers are started?", Asking.VALUE),
        ("why is the lock taken twice", Asking.WHY),
        ("when was the cache added?", Asking.WHEN),
        ("who added the cache?", Asking.WHEN),
        ("who calls flush_all", Asking.CALLERS),
        ("where is flush_all used?", Asking.CALLERS),
        ("what is a session", Asking.WHAT),
        ("does it speak HTTP/2?", Asking.WHAT),
        ("Scheduler", Asking.TOPIC),
        ("KeyError: 'token' not found in session", Asking.TOPIC),
    ],
)
def test_the_kind_of_a_question(text: str, asking: Asking) -> None:
    assert analyse(text).asking is asking


def test_the_asking_line_of_a_pasted_alert_decides() -> None:
    alert = "ALERT where everything burns\nhost=web-1 status=500\nwhy does the worker restart?"
    assert analyse(alert).asking is Asking.WHY


def test_identifiers_weigh_more_than_words_and_words_more_than_common_ones() -> None:
    question = analyse("How is `retry` handled by MAX_RETRIES for payments?")
    weights = [_term(question, text).weight for text in ("MAX_RETRIES", "payments", "handled")]
    assert weights == sorted(weights, reverse=True)
    assert weights[0] > weights[2]
    assert _term(question, "retry").is_name


def test_a_capital_at_the_start_of_a_sentence_is_no_name() -> None:
    question = analyse("Pooling. Kubernetes? Use Redis")
    assert not _term(question, "Pooling").is_name
    assert not _term(question, "Kubernetes").is_name
    assert _term(question, "Redis").is_name


def test_stop_words_of_other_languages_carry_nothing() -> None:
    assert [term.text for term in analyse("¿Dónde está el timeout?").terms] == ["timeout"]
    assert analyse("wo wird der Timeout gesetzt").terms[0].text == "Timeout"


def test_in_a_foreign_question_only_code_keeps_its_weight() -> None:
    question = analyse("wo ist BACKOFF_SECONDS definiert?")
    assert _term(question, "BACKOFF_SECONDS").weight > 5 * _term(question, "definiert").weight
    assert _term(analyse("where is the cap definiert"), "definiert").weight == 1.0


def test_quoted_text_is_a_phrase() -> None:
    assert analyse('what raises "connection reset by peer"?').phrases == (
        "connection reset by peer",
    )


@pytest.mark.parametrize("text", ["", "  \n\t", "\0\0"])
def test_an_empty_question_is_an_error_with_a_hint(text: str) -> None:
    with pytest.raises(QueryError) as caught:
        analyse(text)
    assert caught.value.hint


def test_a_hundred_kilobytes_are_cut_to_a_query() -> None:
    question = analyse("where is the cap?\n" + "noise line of a log 12345\n" * 4000)
    assert len(question.query) <= 1_000
    assert question.query.startswith("where is the cap?")
    assert len(question.terms) <= 32
    assert question.asking is Asking.WHERE


@pytest.mark.parametrize("text", ["NOT", '" OR *', "a:b^c (", "?", "of the and", "💥"])
def test_operators_and_empty_words_are_only_text(text: str) -> None:
    assert isinstance(analyse(text), Question)
