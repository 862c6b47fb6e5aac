"""Hits merged into blocks, and units chosen from them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from dustlocal.answers.matching import matcher_of
from dustlocal.answers.pack import Block, pack
from dustlocal.answers.question import analyse
from dustlocal.answers.score import score_units
from dustlocal.answers.select import select_units
from dustlocal.answers.units import units_of
from indexer.model import Kind, Passage, SourceId


def _passage(
    start: int, end: int, score: float = 1.0, path: str = "a.py", source: str = "s", blob: str = ""
) -> Passage:
    text = "".join(f"line {number}\n" for number in range(start, end + 1))
    return Passage(
        SourceId(source), source, path, start, end, f"sym{start}", Kind.CODE, "python", score,
        text, blob or path,
    )  # fmt: skip


def _shape(blocks: tuple[Block, ...]) -> list[tuple[str, int, int]]:
    return [(block.path, block.start_line, block.end_line) for block in blocks]


def test_neighbours_become_one_block_and_gaps_stay() -> None:
    blocks = pack([_passage(11, 20, 0.5), _passage(30, 40, 0.4), _passage(1, 10, 1.0)])
    assert _shape(blocks) == [("a.py", 1, 20), ("a.py", 30, 40)]
    assert blocks[0].lines[0] == "line 1"
    assert blocks[0].lines[-1] == "line 20"


def test_a_block_remembers_the_symbol_and_the_rank_of_each_part() -> None:
    (block,) = pack([_passage(1, 10, 1.0), _passage(11, 20, 0.5)])
    assert (block.part_at(10).symbol, block.part_at(10).strength) == ("sym1", 1.0)
    assert (block.part_at(11).symbol, block.part_at(20).strength) == ("sym11", 0.5)
    assert block.strength == 1.0


def test_the_same_content_in_two_sources_is_taken_once() -> None:
    twins = [_passage(1, 5, source="s", blob="b"), _passage(1, 5, source="t", blob="b")]
    assert len(pack(twins)) == 1


def test_neighbouring_lines_of_different_sources_or_files_are_not_merged() -> None:
    assert len(pack([_passage(1, 5, source="s"), _passage(6, 9, source="t")])) == 2
    assert len(pack([_passage(1, 5, path="a.py"), _passage(6, 9, path="b.py")])) == 2


def test_the_budget_keeps_the_best_and_always_one() -> None:
    passages = [_passage(1, 100, 1.0), _passage(200, 300, 0.5), _passage(400, 402, 0.2)]
    assert _shape(pack(passages, tokens=250)) == [("a.py", 1, 100), ("a.py", 400, 402)]
    assert _shape(pack(passages, tokens=1)) == [("a.py", 1, 100)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 8), st.floats(0, 1)), max_size=12))
def test_line_numbers_never_drift(spans: list[tuple[int, int, float]]) -> None:
    for block in pack([_passage(start, start + more, score) for start, more, score in spans]):
        for offset, line in enumerate(block.lines):
            assert line == f"line {block.start_line + offset}"


CODE = '''\
def first(wait):
    """Wait for the first reply."""
    reply = poll(wait)
    reply.mark_seen()
    return reply


def unrelated(color):
    """Paint a wall."""
    return color
'''


def _selected(question: str, *, characters: int = 1_000) -> list[str]:
    passage = Passage(SourceId("s"), "s", "a.py", 1, 10, "", Kind.CODE, "python", 1.0, CODE, "a.py")
    (block,) = pack([passage])
    units = units_of(block)
    analysed = analyse(question)
    matcher = matcher_of(analysed.terms, block.keys, {}, 0, [])
    scored = score_units(units, analysed, matcher)
    return [one.unit.text for one in select_units(scored, units, characters=characters).units]


def test_a_definition_brings_the_sentence_that_explains_it() -> None:
    assert _selected("where is first defined?")[:2] == [
        "def first(wait):",
        "Wait for the first reply.",
    ]


def test_neighbouring_statements_are_quoted_as_one() -> None:
    assert "reply = poll(wait)\nreply.mark_seen()" in _selected("poll reply mark_seen")


def test_what_does_not_touch_the_question_is_not_selected() -> None:
    assert not any("wall" in text for text in _selected("where is the first reply?"))


def test_the_budget_of_characters_holds() -> None:
    assert len("".join(_selected("where is the first reply?", characters=60))) <= 60
    assert _selected("where is the first reply?", characters=5) == []
