"""The use case over a small hand-made library: answers, citations, refusals, bounds."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from dustlocal.answers.ask import Reading, ask
from dustlocal.answers.words import keys_of
from dustlocal.api import AskRequest, AskResponse, Scope
from indexer.errors import QueryError
from indexer.lexical import query_terms
from indexer.model import Coverage, Kind, Passage, Source, SourceId
from indexer.search.query import Query, SearchResult

SHOP = Source(SourceId("shop-id"), "shop", "/shop")

FILES = {
    "shop/cart.py": '''\
MAX_CART_ITEMS = 50


class Cart:
    """What a customer is about to buy. Kept in the session."""

    def add_item(self, item: Item) -> None:
        """Add an item, or raise CartFull when the cart is at its limit."""
        if len(self.items) >= MAX_CART_ITEMS:
            raise CartFull("the cart can't hold more items")
        self.items.append(item)
''',
    "shop/checkout.py": '''\
def check_out(cart: Cart) -> Order:
    """Turn a cart into an order."""
    # Stock is reserved first, because two orders must not sell the last piece.
    reserve_stock(cart)
    return Order(cart.items)


def place_again(order: Order) -> Order:
    cart = Cart(order.items)
    return check_out(cart)
''',
    "tests/test_cart.py": """\
def test_cart_limit_items_raise_cart_full():
    cart = Cart()
    cart.add_item(item)
""",
    "docs/discounts.md": """\
# Discounts

A discount code lowers the price of the whole order. Codes are compared without case.

Create one from the shell:

```sh
shop discount create SUMMER --percent 10
```
""",
}
COMMITS = {
    "a" * 40: "Cap the cart at 50 items\nAuthor: Ada <ada@example.org>\n\n"
    "Larger carts timed out at the warehouse, because it locks each row.\n\nshop/cart.py",
    "b" * 40: "Add discount codes\nAuthor: Bo <bo@example.org>\n\ndocs/discounts.md",
}


class ScriptedLibrary:
    """Ranks passages by the share of the query's words they hold."""

    def __init__(self, files: dict[str, str], *, stale: bool = False) -> None:
        self.files = files
        self.stale = stale
        self.queries: list[Query] = []
        self.passages = [
            Passage(SHOP.id, SHOP.name, path, 1, text.count("\n") + 1, "", _kind(path),
                    _language(path), 0.0, text, path)
            for path, text in files.items()
        ]  # fmt: skip
        self.commits = [
            Passage(SHOP.id, SHOP.name, "", 0, 0, "", Kind.COMMIT, "", 0.0, text, sha,
                    commit=sha, time=1_700_000_000)
            for sha, text in COMMITS.items()
        ]  # fmt: skip

    def search(self, query: Query) -> SearchResult:
        self.queries.append(query)
        pool = self.commits if Kind.COMMIT in query.kinds else self.passages
        asked = keys_of(query.text)
        scored = [
            replace(passage, score=math.sqrt(len(asked & keys_of(passage.path + passage.text))))
            for passage in pool
        ]
        found = sorted((p for p in scored if p.score), key=lambda p: -p.score)[: query.k]
        frequency = {
            term: sum(bool(keys_of(term) & keys_of(p.path + p.text)) for p in self.passages)
            for term in query_terms(query.text)
        }
        coverage = Coverage(indexed=len(self.files), commits=len(COMMITS), chunks=4)
        return SearchResult(tuple(found), coverage, frequency, 200)

    def lines(self, source: SourceId, path: str, start: int, end: int) -> str | None:
        lines = self.files[path].split("\n")
        if self.stale or source != SHOP.id or end > len(lines):
            return None
        return "\n".join(lines[start - 1 : end])

    def commit(self, source: SourceId, sha: str) -> str | None:
        return None if self.stale else COMMITS.get(sha)


def _kind(path: str) -> Kind:
    return Kind.DOCUMENT if path.endswith(".md") else Kind.CODE


def _language(path: str) -> str:
    return "markdown" if path.endswith(".md") else "python"


def _ask(question: str, library: ScriptedLibrary | None = None) -> AskResponse:
    library = library or ScriptedLibrary(FILES)
    reading = Reading(library.search, library.lines, library.commit)
    return ask(AskRequest(question=question, scope=Scope()), sources=[SHOP], reading=reading)


def _first(response: AskResponse) -> str:
    return response.sentences[0].text


def test_where_gives_the_signature_and_what_it_is_for() -> None:
    response = _ask("where is add_item defined?")
    assert _first(response) == "def add_item(self, item: Item) -> None:"
    assert response.citations[0].path == "shop/cart.py"
    assert (response.citations[0].start_line, response.citations[0].end_line) == (7, 7)
    assert response.sentences[1].text.startswith("Add an item, or raise CartFull")


def test_a_value_is_its_assignment() -> None:
    assert _first(_ask("what is the value of MAX_CART_ITEMS?")) == "MAX_CART_ITEMS = 50"


def test_a_pasted_message_finds_the_line_that_raises_it() -> None:
    response = _ask("CartFull: the cart can't hold more items")
    assert 'raise CartFull("the cart can\'t hold more items")' in _first(response)


def test_why_is_answered_by_the_commit_that_says_so_with_its_date() -> None:
    response = _ask("why is the cart capped at 50 items?")
    assert any("because it locks each row" in sentence.text for sentence in response.sentences)
    cited = next(citation for citation in response.citations if citation.commit)
    assert (cited.source, cited.path, cited.start_line) == ("shop", "", 0)
    assert "commit aaaaaaaaaa, 2023-11-14, Ada: " in response.answer


def test_callers_are_the_lines_that_call() -> None:
    response = _ask("who calls check_out?")
    assert "return check_out(cart)" in _first(response)
    assert not any("def check_out" in sentence.text for sentence in response.sentences)


def test_how_to_is_answered_from_the_document_with_its_command() -> None:
    response = _ask("how do I create a discount code from the shell?")
    texts = [sentence.text for sentence in response.sentences]
    assert "shop discount create SUMMER --percent 10" in texts
    assert "Create one from the shell:" in texts


def test_tests_answer_only_questions_about_tests() -> None:
    assert all(c.path != "tests/test_cart.py" for c in _ask("cart limit items").citations)
    assert _ask("which tests cover the cart limit?").citations[0].path == "tests/test_cart.py"


@pytest.mark.parametrize(
    "question", ["where is add_item defined?", "why is stock reserved first?", "discount codes"]
)
def test_every_sentence_stands_where_it_cites(question: str) -> None:
    library = ScriptedLibrary(FILES)
    response = _ask(question, library)
    assert response.sentences
    for sentence in response.sentences:
        (citation,) = sentence.citations
        assert citation in response.citations
        text = (
            library.commit(SHOP.id, citation.commit)
            if citation.commit
            else library.lines(SHOP.id, citation.path, citation.start_line, citation.end_line)
        )
        words = re.findall(r"\w+", sentence.text)
        assert " ".join(words) in " ".join(re.findall(r"\w+", text or ""))


def test_markers_point_into_the_citations() -> None:
    response = _ask("where is add_item defined?")
    markers = [int(number) for number in re.findall(r" \[(\d+)\]", response.answer)]
    assert markers[0] == 1
    assert set(markers) == set(range(1, len(response.citations) + 1))


@pytest.mark.parametrize(
    "question",
    [
        "How does the shop scale on Kubernetes?",
        "where is PaymentGateway defined?",
        "why did we move the warehouse to PostgreSQL?",
        "what?",
        "💥",
    ],
)
def test_what_the_sources_lack_is_refused(question: str) -> None:
    response = _ask(question)
    assert response.refused
    assert response.citations == response.sentences == ()
    assert "4 files and 2 commits" in response.answer
    assert response.coverage.indexed == 4


def test_a_refusal_names_what_is_missing_and_what_came_closest() -> None:
    response = _ask("where is the cart sent to PaymentGateway over Kafka?")
    assert response.refused
    assert "`PaymentGateway`" in response.answer
    assert "shop/c" in response.answer
    assert response.further


def test_a_citation_that_no_longer_resolves_is_never_shown() -> None:
    response = _ask("where is add_item defined?", ScriptedLibrary(FILES, stale=True))
    assert response.refused
    assert not response.citations


def test_bounds_hold_for_long_files_and_long_questions() -> None:
    body = "\n".join(f"The cart limit rule {n} says that item {n} is kept." for n in range(900))
    files = {**FILES, "docs/long.md": body}
    for question in ("what is the cart limit rule?", "cart limit rule " * 6_000):
        response = _ask(question, ScriptedLibrary(files))
        assert len(response.answer) <= 1_200
        assert all(c.end_line - c.start_line < 40 for c in response.citations)
        assert all(p.citation.end_line - p.citation.start_line < 40 for p in response.further)
        assert len(response.further) <= 5


def test_the_further_places_are_files_the_answer_does_not_cite() -> None:
    response = _ask("where is add_item defined?")
    cited = {citation.path for citation in response.citations}
    assert response.further
    assert not cited & {place.citation.path for place in response.further}


def test_an_empty_question_and_an_empty_scope_are_usage_errors() -> None:
    with pytest.raises(QueryError):
        _ask("  ")
    library = ScriptedLibrary(FILES)
    reading = Reading(library.search, library.lines, library.commit)
    with pytest.raises(QueryError):
        ask(AskRequest(question="cart", scope=Scope()), sources=[], reading=reading)


def _kinds(queries: Sequence[Query]) -> list[set[Kind]]:
    return [set(query.kinds) for query in queries]


def test_commits_are_searched_unless_only_a_subtree_is_meant() -> None:
    library = ScriptedLibrary(FILES)
    _ask("why is the cart capped?", library)
    assert _kinds(library.queries) == [{Kind.CODE, Kind.DOCUMENT}, {Kind.COMMIT}]
    reading = Reading(library.search, library.lines, library.commit)
    request = AskRequest(question="why is the cart capped?", scope=Scope())
    library.queries.clear()
    ask(request, sources=[SHOP], reading=reading, prefix={SHOP.id: "docs"})
    assert _kinds(library.queries) == [{Kind.CODE, Kind.DOCUMENT}]
    assert library.queries[0].prefix == {SHOP.id: "docs"}
