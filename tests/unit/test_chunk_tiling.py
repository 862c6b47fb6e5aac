"""Whatever the text and the language: chunks tile it, and their lines are true."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from indexer.chunk import chunk_text, outline
from indexer.languages import LANGUAGES, Language, language_of

SAMPLES = sorted((Path(__file__).parent.parent / "data" / "samples").iterdir())
NAMES = sorted(LANGUAGES)

# Line ends that are ours and others', astral characters, and what opens blocks somewhere.
_LINE_ENDS = ["\n", "\n\n", "\r\n", "\r", "\x0b", "\x0c", "\x85", "\u2028"]
_TOKENS = """
    ( ) { } [ ] < > " ' ` ``` # == --- /* */ // -- :: : ; = def class fn end do if é漢 😀 f() A a
"""
_LINES = ["x = 1\n", "# T\n", "T\n===\n", "def f():\n", "  }\n", "long word " * 60, "y" * 4_500]
_PIECES = st.sampled_from([*_LINE_ENDS, *_TOKENS.split(), *_LINES, " ", "    ", "\t"])
TEXTS = st.lists(
    _PIECES | st.text(st.characters(blacklist_characters="\0", codec="utf-8"), max_size=8),
    max_size=60,
).map("".join)


def check(text: str, language: Language) -> None:
    chunks = chunk_text(text, language)
    assert "".join(chunk.text for chunk in chunks) == text
    offset = 0
    for chunk in chunks:
        assert chunk.text
        assert chunk.start_line == 1 + text.count("\n", 0, offset)
        offset += len(chunk.text)
        assert chunk.end_line == 1 + text.count("\n", 0, offset - 1)
        assert len(chunk.text) <= 2_400 or chunk.start_line == chunk.end_line
        is_whole = text[offset - 1] == "\n" or offset == len(text)
        assert is_whole or chunk.start_line == chunk.end_line
    last = text.count("\n") + 1
    for definition in outline(text, language):
        assert 1 <= definition.start_line <= definition.name_line <= definition.end_line <= last


@settings(max_examples=400, deadline=None)
@given(text=TEXTS, name=st.sampled_from(NAMES))
@example(text="", name="python")
@example(text="\n", name="markdown")
@example(text="\n" * 5_000, name="rust")
@example(text="\r" * 5_000 + "\n", name="text")
@example(text="x" * 4_001, name="json")
# What a parser misses at the end of the text stands below the last line.
@example(text="run deploy $NAME \\\n", name="bash")
@example(text='echo "\n  --image $I \\\n" > /tmp/x\nrun $NAME \\\n', name="bash")
def test_chunks_tile_any_text_in_any_language(text: str, name: str) -> None:
    check(text, LANGUAGES[name])


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_chunks_tile_mutated_source(path: Path, data: st.DataObject) -> None:
    text = path.read_bytes().decode() * data.draw(st.integers(1, 5))
    for _ in range(data.draw(st.integers(0, 6))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 60)))
        text = text[:start] + data.draw(_PIECES) + text[end:]
    check(text, language_of(path.name))


@pytest.mark.parametrize("name", NAMES)
def test_every_language_takes_plain_text_and_gives_the_same_chunks_again(name: str) -> None:
    text = "".join(f"line {i} of some text\r\n" + "\n" * (i % 7 == 0) for i in range(200))
    check(text, LANGUAGES[name])
    assert chunk_text(text, LANGUAGES[name]) == chunk_text(text, LANGUAGES[name])


def test_no_lines_make_no_chunks() -> None:
    assert chunk_text("", LANGUAGES["python"]) == []
