"""What BM25 divides by is the same after deletions as if the rows had never been there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.store.sqlite import Connection, driver, transaction
from indexer.store.words import _decoded, _encoded, counted, delete_words

TABLE = (
    "CREATE VIRTUAL TABLE file_words USING fts5"
    " (path, body, content='', contentless_delete=1, tokenize='unicode61')"
)


def table() -> Connection:
    connection: Connection = driver.connect(":memory:", isolation_level=None)
    connection.execute(TABLE)
    return connection


@pytest.fixture
def pair() -> Iterator[tuple[Connection, Connection]]:
    made = table(), table()
    yield made
    for connection in made:
        connection.close()


def insert(connection: Connection, row: int) -> None:
    body = "word " * (row * 37 % 500) + ("rare" if row % 9 == 0 else "")
    with transaction(connection):
        connection.execute(
            "INSERT INTO file_words (rowid, path, body) VALUES (?, ?, ?)", (row, f"p {row}", body)
        )


def ranks(connection: Connection, term: str) -> list[tuple[int, float]]:
    return connection.execute(
        "SELECT rowid, rank FROM file_words WHERE file_words MATCH ? ORDER BY rank, rowid", (term,)
    ).fetchall()


def test_counts_and_ranks_equal_those_of_a_table_without_the_deleted_rows(
    pair: tuple[Connection, Connection],
) -> None:
    edited, fresh = pair
    for row in range(1, 400):
        insert(edited, row)
    gone = [row for row in range(1, 400) if row % 4]
    for start in range(0, len(gone), 7):
        with transaction(edited):
            delete_words(edited, "file_words", gone[start : start + 7])
    for row in range(4, 400, 4):
        insert(fresh, row)
    assert counted(edited, "file_words") == counted(fresh, "file_words")
    assert ranks(edited, "rare") == ranks(fresh, "rare")
    assert ranks(edited, "word") == ranks(fresh, "word")


def test_rows_added_and_deleted_in_one_transaction_and_rolled_back(
    pair: tuple[Connection, Connection],
) -> None:
    edited, fresh = pair
    for connection in pair:
        insert(connection, 1)
    with transaction(edited):
        edited.execute("INSERT INTO file_words (rowid, path, body) VALUES (2, 'a', 'b c')")
        delete_words(edited, "file_words", [1, 2, 3])
        edited.execute("INSERT INTO file_words (rowid, path, body) VALUES (4, 'p 1', '')")
    before = counted(edited, "file_words")
    with pytest.raises(ZeroDivisionError), transaction(edited):
        delete_words(edited, "file_words", [4])
        raise ZeroDivisionError
    assert counted(edited, "file_words") == before == [1, 2, 0]
    with transaction(fresh):
        delete_words(fresh, "file_words", [1])
    assert counted(fresh, "file_words") == [0, 0, 0]


@given(st.lists(st.integers(0, 2**56 - 1)))
def test_numbers_survive_their_encoding(numbers: list[int]) -> None:
    assert _decoded(b"".join(map(_encoded, numbers))) == numbers


def test_the_longest_form_has_nine_bytes() -> None:
    assert _decoded(b"\xff" * 9 + b"\x05") == [2**64 - 1, 5]
