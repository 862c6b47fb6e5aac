"""Texts cut into what an answer may quote, with lines that hold exactly that."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dustlocal.answers.pack import Block, Part
from dustlocal.answers.units import Shape, Unit, units_of
from dustlocal.answers.verify import Candidate, is_quoted
from indexer.model import Kind, SourceId


def _block(text: str, kind: Kind = Kind.CODE, language: str = "python", start: int = 1) -> Block:
    lines = tuple(text.split("\n"))
    return Block(
        SourceId("s"), "s", "a/pool.py", kind, language, start, lines,
        (Part(start, "Pool", 1.0),), 1.0,
        commit="c0ffee" if kind is Kind.COMMIT else None,
    )  # fmt: skip


def _units(
    text: str, kind: Kind = Kind.CODE, language: str = "python", start: int = 1
) -> list[Unit]:
    return units_of(_block(text, kind, language, start))


def _spans(units: list[Unit], shape: Shape) -> list[tuple[int, int, str]]:
    return [(u.start_line, u.end_line, u.text) for u in units if u.shape is shape]


PYTHON = '''\
import os

DEFAULT_CAP = 10


class Pool:
    """Keeps connections open. Closed ones leave it.

    Usage::

        pool = Pool(cap=3)
    """

    def take(
        self,
        wait: float = 1.5,
    ) -> Connection:
        # The lock comes first, because two
        # takers would share a connection.
        if self.closed:
            raise PoolClosed("the pool is closed")
'''


def test_a_signature_ends_where_its_brackets_close() -> None:
    definitions = _spans(_units(PYTHON), Shape.DEFINITION)
    assert [(start, end) for start, end, _ in definitions] == [(6, 6), (14, 17)]
    assert definitions[1][2].startswith("def take(\n    self,")


def test_a_docstring_is_sentences_and_its_example_is_a_listing() -> None:
    units = _units(PYTHON)
    remarks = [text for *_, text in _spans(units, Shape.REMARK)]
    assert remarks[:2] == ["Keeps connections open.", "Closed ones leave it."]
    assert _spans(units, Shape.LISTING) == [(11, 11, "pool = Pool(cap=3)")]


def test_a_comment_over_two_lines_is_one_sentence() -> None:
    comment = "The lock comes first, because two takers would share a connection."
    assert (18, 19, comment) in _spans(_units(PYTHON), Shape.REMARK)


def test_a_condition_is_quoted_with_what_follows_from_it() -> None:
    statements = _spans(_units(PYTHON), Shape.STATEMENT)
    assert statements[0][:2] == (20, 21)
    assert statements[0][2].endswith('raise PoolClosed("the pool is closed")')


def test_constants_are_assignments_and_imports_are_nothing() -> None:
    units = _units(PYTHON)
    assert _spans(units, Shape.ASSIGNMENT)[0] == (3, 3, "DEFAULT_CAP = 10")
    assert not any("import os" in unit.text for unit in units)


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("go", "func (p *Pool) Take(wait time.Duration) (*Conn, error) {"),
        ("rust", "pub(crate) fn take(&self, wait: Duration) -> Result<Conn> {"),
        ("javascript", "export const take = async (wait) => {"),
        ("java", "    public Conn take(final long wait) throws Closed {"),
        ("c", "static int pool_take(struct pool *pool, int wait) {"),
        ("typescript", "export interface PoolOptions {"),
        ("ruby", "  def take(wait = 1)"),
        ("elixir", "  defp take(pool, wait) do"),
        ("kotlin", "suspend fun take(wait: Long): Conn {"),
    ],
)
def test_definitions_are_seen_in_any_language(language: str, line: str) -> None:
    units = _units(f"{line}\n    body\n", language=language)
    assert [unit.shape for unit in units][:1] == [Shape.DEFINITION]


@pytest.mark.parametrize(
    "line", ["    if (wait(1)) {", "    return take(pool) {", "} else if (x()) {"]
)
def test_control_flow_is_no_definition(line: str) -> None:
    assert not _spans(_units(line, language="java"), Shape.DEFINITION)


@pytest.mark.parametrize(
    ("language", "comment"), [("go", "// One."), ("lua", "-- One."), ("yaml", "# One.")]
)
def test_comments_follow_the_language(language: str, comment: str) -> None:
    assert _spans(_units(comment, language=language), Shape.REMARK) == [(1, 1, "One.")]


def test_a_preprocessor_line_is_no_comment() -> None:
    assert not _spans(_units("#define CAP_SIZE 10", language="c"), Shape.REMARK)


MARKDOWN = """\
# Pool

The cap is 10, e.g. for small
machines. Raise it with `cap`:

```python
Pool(cap=20)
```

| option | default |
|--------|---------|
| cap    | 10      |

- Close it at the end.
- Never share it."""


def test_markdown_is_sentences_entries_and_listings_under_their_heading() -> None:
    units = _units(MARKDOWN, Kind.DOCUMENT, "markdown", start=101)
    assert _spans(units, Shape.SENTENCE) == [
        (103, 104, "The cap is 10, e.g. for small machines."),
        (104, 104, "Raise it with `cap`:"),
        (114, 114, "Close it at the end."),
        (115, 115, "Never share it."),
    ]
    assert _spans(units, Shape.LISTING) == [(107, 107, "Pool(cap=20)")]
    assert (112, 112, "cap | 10") in _spans(units, Shape.ENTRY)
    assert all("pool" in unit.context for unit in units)


RST = """\
Options
-------

.. py:data:: POOL_CAP

    How many connections are kept.

    Default: ``10``

.. code-block:: sh

    run --cap 20
"""


def test_a_described_name_is_one_entry_and_a_code_block_a_listing() -> None:
    units = _units(RST, Kind.DOCUMENT, "rst")
    assert _spans(units, Shape.ENTRY) == [
        (4, 8, "POOL_CAP How many connections are kept. Default: `10`")
    ]
    assert _spans(units, Shape.LISTING) == [(12, 12, "run --cap 20")]


COMMIT = """\
Cap the pool at 10
Author: Ada <ada@example.org>

More than ten starve the database.
See #7.

Signed-off-by: Ada <ada@example.org>

src/pool.py
README.md"""


def test_a_commit_is_its_subject_and_sentences_without_trailers_and_paths() -> None:
    units = _units(COMMIT, Kind.COMMIT, "")
    assert [(unit.shape, unit.text) for unit in units] == [
        (Shape.SUBJECT, "Cap the pool at 10"),
        (Shape.SENTENCE, "More than ten starve the database."),
        (Shape.SENTENCE, "See #7."),
    ]


_LINES = st.lists(
    st.sampled_from(
        [*PYTHON.split("\n"), *MARKDOWN.split("\n"), *RST.split("\n"), "```", '"""', "/* a",
         "* b */", "    x = f(", "{", "}", "===", "- a *b* `c`. D [e](f) g.", "\x00",
         "é ü. 你好。再见。", "   "]
    ),
    max_size=30,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(_LINES, st.sampled_from(list(Kind)), st.sampled_from(["python", "go", "lua", "", "yaml"]))
def test_every_unit_stands_in_the_lines_it_names(
    lines: list[str], kind: Kind, language: str
) -> None:
    for unit in _units("\n".join(lines), kind, language):
        cited = "\n".join(lines[unit.start_line - 1 : unit.end_line])
        assert 1 <= unit.start_line <= unit.end_line <= len(lines)
        assert is_quoted(Candidate(unit.text, (), is_code=unit.is_code), cited), (unit, cited)
