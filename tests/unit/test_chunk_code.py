from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from indexer.chunk import chunk_text, outline
from indexer.chunk.weigh import line_tokens
from indexer.languages import LANGUAGES, language_of
from indexer.model import Chunk

DATA = Path(__file__).parent.parent / "data"
OUTLINES = tomllib.loads((DATA / "outlines.toml").read_text("utf-8"))
PYTHON = LANGUAGES["python"]


def sample(name: str) -> str:
    return (DATA / "samples" / name).read_bytes().decode()


def chunks_of(text: str, name: str = "python") -> list[Chunk]:
    chunks = chunk_text(text, LANGUAGES[name])
    assert "".join(chunk.text for chunk in chunks) == text
    return chunks


def function(name: str, statements: int, indent: str = "") -> str:
    body = "".join(f"{indent}    value_{i} = compute({i}, other[{i}])\n" for i in range(statements))
    return f"{indent}def {name}(self):\n{body}{indent}    return None\n\n"


@pytest.mark.parametrize("name", sorted(OUTLINES))
def test_the_outline_of_each_language_is_the_one_checked_by_eye(name: str) -> None:
    expected = OUTLINES[name]
    language = language_of(name)
    found = outline(sample(name), language)
    lines = [f"{d.kind} {d.symbol} {d.start_line}-{d.end_line}" for d in found]
    assert language.name == expected["language"]
    assert lines == expected["definitions"].splitlines()


def test_every_sample_has_an_expected_outline() -> None:
    assert {path.name for path in (DATA / "samples").iterdir()} == set(OUTLINES)


@pytest.mark.parametrize("name", sorted(OUTLINES))
def test_each_definition_is_named_in_the_chunk_that_holds_its_name(name: str) -> None:
    language = language_of(name)
    text = sample(name) * 6
    chunks = chunk_text(text, language)
    lines = text.split("\n")
    for definition in outline(text, language):
        assert definition.name in lines[definition.name_line - 1]
        if definition.kind not in ("impl", "namespace"):
            holders = [c for c in chunks if c.start_line <= definition.name_line <= c.end_line]
            assert [definition.name in c.defines for c in holders] == [True]


def test_small_siblings_share_a_chunk_named_after_the_first() -> None:
    (chunk,) = chunks_of("import os\n\n" + function("one", 2) + function("two", 2))
    assert (chunk.symbol, chunk.defines) == ("one", ("one", "two"))


def test_a_definition_that_fits_is_never_cut() -> None:
    text = "".join(function(f"f{i}", 4 + i % 9) for i in range(12))
    starts = {d.start_line for d in outline(text, PYTHON)}
    chunks = chunks_of(text)
    assert {chunk.start_line for chunk in chunks} <= starts
    assert len(chunks) < 12


def test_a_large_function_is_cut_between_its_statements_and_keeps_its_symbol() -> None:
    chunks = chunks_of(function("big", 60))
    assert len(chunks) > 2
    assert {chunk.symbol for chunk in chunks} == {"big"}
    assert [chunk.defines for chunk in chunks] == [("big",), *[()] * (len(chunks) - 1)]
    assert all(chunk.text.lstrip().startswith(("def", "value_", "return")) for chunk in chunks)


def test_a_class_header_stays_with_its_first_members_and_later_chunks_name_theirs() -> None:
    text = 'class Client:\n    """Sends requests."""\n\n'
    text += "".join(function(f"m{i}", 9, "    ") for i in range(4))
    chunks = chunks_of(text)
    assert chunks[0].symbol == "Client"
    assert chunks[0].defines[:2] == ("Client", "m0")
    assert [c.symbol for c in chunks[1:]] == [f"Client.{c.defines[0]}" for c in chunks[1:]]


def test_no_chunk_runs_out_of_one_class_into_the_next() -> None:
    text = "".join(
        f"class C{i}:\n" + "".join(function(f"m{j}", 7, "    ") for j in range(4)) for i in range(4)
    )
    classes = [d for d in outline(text, PYTHON) if d.kind == "class"]
    for chunk in chunks_of(text):
        inside = [
            c for c in classes if c.start_line <= chunk.end_line and chunk.start_line <= c.end_line
        ]
        assert len(inside) == 1


def test_comments_and_decorators_stay_with_the_definition_below_them() -> None:
    head = "# Why this is so.\n# More of it.\n@cached\n@timed(1)\n"
    chunks = chunks_of(function("one", 14) + head + function("two", 14))
    assert [chunk.symbol for chunk in chunks] == ["one", "two"]
    assert chunks[1].text.startswith(head)


@pytest.mark.parametrize(
    ("name", "above"),
    [
        ("rust", "/// Says why.\n#[inline]\n#[must_use]\n"),
        ("javascript", "/**\n * Says why.\n */\n\n"),
        ("go", "// Says why.\n"),
        ("csharp", "/// <summary>Says why.</summary>\n[Obsolete]\n"),
    ],
)
def test_what_documents_a_definition_is_in_its_chunk(name: str, above: str) -> None:
    heads = {"rust": "fn two() {", "javascript": "function two() {", "go": "func two() {"}
    head = heads.get(name, "void two() {")
    body = "".join(f"    call_number_{i}(a, b, c[{i}]);\n" for i in range(14)) + "}\n\n"
    chunks = chunks_of(head.replace("two", "one") + "\n" + body + above + head + "\n" + body, name)
    assert [chunk.symbol for chunk in chunks] == ["one", "two"]
    assert chunks[1].text.startswith(above)


def test_sizes_stay_near_the_target_and_under_the_caps() -> None:
    chunks = chunks_of("".join(function(f"f{i}", i) for i in range(80)))
    sizes = [line_tokens(chunk.text.encode())[-1] for chunk in chunks]
    assert max(sizes) <= 276
    assert sum(sizes) / len(sizes) > 140
    assert max(len(chunk.text) for chunk in chunks) <= 2_400


def test_non_ascii_text_does_not_shift_lines_or_names() -> None:
    text = "# 漢字 é 😀\nx = '😀😀'; y = 1\ndef größe():\n    return '日本'\n\nclass Ähre: pass\n"
    found = [(d.name, d.start_line, d.end_line) for d in outline(text, PYTHON)]
    assert found == [("x", 2, 2), ("y", 2, 2), ("größe", 3, 4), ("Ähre", 6, 6)]


def test_a_syntax_error_costs_only_its_surroundings() -> None:
    text = function("one", 2) + "def broken(:\n    return ]\n\n" + function("two", 2)
    assert {"one", "two"} <= {d.name for d in outline(text, PYTHON)}
    chunks_of(text)


@pytest.mark.parametrize("name", ["python", "javascript", "cpp", "rust", "json", "c"])
@pytest.mark.parametrize("unit", ["(", "[\n", "{", "a<", "f(\n", "if (a) "])
def test_deep_nesting_neither_crashes_nor_loses_text(name: str, unit: str) -> None:
    chunks_of("x = 1\n" + unit * 10_000, name)


@pytest.mark.parametrize("name", ["java", "csharp", "kotlin", "scala", "lua"])
def test_repetition_that_grammars_choke_on_falls_back_to_lines(name: str) -> None:
    # Each of these took a gigabyte, or the process with it, when it was parsed.
    for unit in ("a<", 'a = "${', "@a ", "foo bar baz\n", "a + "):
        assert all(not chunk.symbol for chunk in chunks_of(unit * (60_000 // len(unit)), name))


def test_a_long_line_is_cut_inside_and_its_pieces_share_its_number() -> None:
    words = "".join(f"😀{i * 7919 % 9973:04}" for i in range(1_200))
    chunks = chunks_of(f"a = 1\nb = '{words}'\nc = 2\n")
    pieces = [chunk for chunk in chunks if chunk.start_line == chunk.end_line == 2]
    assert len(pieces) == 4
    assert max(len(piece.text) for piece in pieces) == 2_000
    assert [piece.defines for piece in pieces] == [("b",), (), (), ()]
