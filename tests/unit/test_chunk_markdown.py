from __future__ import annotations

import pytest

from indexer.chunk import chunk_text, outline
from indexer.languages import LANGUAGES
from indexer.model import Chunk

WORDS = "Some words that say what is to be done here, and then what comes of it.\n"


def chunks_of(text: str, name: str = "markdown") -> list[Chunk]:
    chunks = chunk_text(text, LANGUAGES[name])
    assert "".join(chunk.text for chunk in chunks) == text
    assert all(chunk.defines == () for chunk in chunks)
    return chunks


def sections_of(text: str, name: str = "markdown") -> list[str]:
    found = outline(text, LANGUAGES[name])
    assert all(d.kind == "section" for d in found)
    return [f"{d.symbol} {d.start_line}-{d.end_line}" for d in found]


def test_sections_nest_and_span_to_the_next_heading_of_their_level() -> None:
    text = "# Guide\nintro\n## Install\n### On macOS\nbrew\n## Use\nrun\n# Other\n"
    assert sections_of(text) == [
        "Guide 1-7",
        "Guide > Install 3-5",
        "Guide > Install > On macOS 4-5",
        "Guide > Use 6-7",
        "Other 8-8",
    ]


def test_setext_headings_count_and_tables_rules_and_lists_do_not() -> None:
    text = (
        "Guide\n=====\n\nwords\n\n---\n\nUse\n---\n\n- item\n---\n\n| a |\n---\n\n    code\n---\n"
    )
    assert sections_of(text) == ["Guide 1-18", "Guide > Use 8-18"]


def test_an_underline_below_an_underline_is_a_rule() -> None:
    assert sections_of("Guide\n=====\n=====\n---\n") == ["Guide 1-4"]


@pytest.mark.parametrize("fence", ["```", "~~~~", "```python"])
def test_fenced_code_holds_no_headings(fence: str) -> None:
    closing = fence[:4].rstrip("p")
    text = f"# A\n{fence}\n# not one\n## nor this\nT\n===\n{closing}\n## B\n"
    assert sections_of(text) == ["A 1-8", "A > B 8-8"]


def test_a_shorter_fence_does_not_close_a_longer_one() -> None:
    assert sections_of("````\n```\n# no\n````\n# Yes\n") == ["Yes 5-5"]


def test_an_unclosed_fence_reaches_to_the_end() -> None:
    assert sections_of("# A\n```\n# no\n") == ["A 1-3"]


@pytest.mark.parametrize("mark", ["---", "+++"])
def test_front_matter_holds_no_headings(mark: str) -> None:
    assert sections_of(f"{mark}\n# comment\ntitle: x\n{mark}\n# A\n") == ["A 5-5"]


def test_an_unclosed_front_matter_is_none() -> None:
    assert sections_of("---\n# A\ntext\n") == ["A 2-3"]


def test_markup_is_taken_out_of_headings() -> None:
    text = "## The `send()` *call* of [httpx](https://x.y) {#send} ##\n#hashtag\n#\n"
    assert [d.name for d in outline(text, LANGUAGES["markdown"])] == [
        "The send() call of httpx",
        "",
    ]


def test_carriage_returns_belong_to_line_ends() -> None:
    assert sections_of("# A\r\n\r\nB\r\n---\r\n```\r\n# no\r\n```\r\n") == ["A 1-7", "A > B 3-7"]


def test_small_sibling_sections_share_a_chunk_and_parents_do_not_mix() -> None:
    small = "".join(f"## S{i}\n\n{WORDS}\n" for i in range(9))
    chunks = chunks_of(f"# One\n\n{small}# Two\n\n{small}")
    assert [chunk.symbol for chunk in chunks] == ["One > S0", "Two > S0"]
    assert chunks[1].text.startswith("# Two\n")


def test_a_large_section_is_cut_between_paragraphs_and_keeps_its_path() -> None:
    paragraph = WORDS * 4 + "\n"
    chunks = chunks_of("# Guide\n\n## Use\n\n" + paragraph * 9)
    assert len(chunks) >= 3
    assert {chunk.symbol for chunk in chunks} == {"Guide > Use"}
    assert all(chunk.text.endswith("\n\n") for chunk in chunks)


def test_text_without_headings_is_cut_at_paragraphs_without_symbols() -> None:
    chunks = chunks_of((WORDS * 3 + "\n") * 12, "text")
    assert len(chunks) > 2
    assert {chunk.symbol for chunk in chunks} == {""}
    assert all(chunk.text.endswith("\n\n") for chunk in chunks)


def test_rst_levels_follow_the_order_in_which_styles_appear() -> None:
    text = (
        "=====\nGuide\n=====\n\nintro\n\nInstall\n=======\n\nOn macOS\n~~~~~~~~\n\nbrew\n\n"
        "Use\n===\n\n.. code::\n\n   no\n   --\n\n"
    )
    assert sections_of(text, "rst") == [
        "Guide 1-22",
        "Guide > Install 7-14",
        "Guide > Install > On macOS 10-14",
        "Guide > Use 15-22",
    ]


def test_rst_transitions_tables_and_short_underlines_are_no_headings() -> None:
    text = (
        "Guide\n*****\n\ntext\n\n-----\n\ntext\n\n== ==\na  b\n== ==\n\n"
        "long title\n--\n\ntwo\nlines\n-----\n"
    )
    assert sections_of(text, "rst") == ["Guide 1-19"]


def test_rst_roles_are_taken_out_of_titles() -> None:
    (found,) = outline(
        "The :class:`~flask.Flask` ``app``\n====================\n", LANGUAGES["rst"]
    )
    assert found.name == "The flask.Flask app"


def test_asciidoc_headings_outside_blocks() -> None:
    text = "= Guide\n\n== Install\n----\n== no\n----\n=== Deep\n== Use\n"
    assert sections_of(text, "asciidoc") == [
        "Guide 1-8",
        "Guide > Install 3-7",
        "Guide > Install > Deep 7-7",
        "Guide > Use 8-8",
    ]


def test_org_headings_outside_blocks_without_tags() -> None:
    text = "* Guide :draft:\n#+begin_src c\n* no\n#+end_src\n** Use\n*bold* text\n"
    assert sections_of(text, "org") == ["Guide 1-6", "Guide > Use 5-6"]


@pytest.mark.parametrize("name", ["html", "pdf"])
def test_projected_headings_are_those_at_the_very_start_of_a_line(name: str) -> None:
    text = "# Page 1\n # not one\n```\n## Fenced or not\n#nor this\n"
    assert sections_of(text, name) == ["Page 1 1-5", "Page 1 > Fenced or not 4-5"]


@pytest.mark.parametrize(
    "unit", ["# \n", "a\n===\n", "#" * 6 + " x\n", "`" * 3 + "\n", "[" * 200 + "\n", "=\n", "* x\n"]
)
@pytest.mark.parametrize("name", ["markdown", "rst", "org", "asciidoc", "html"])
def test_hostile_documents_take_linear_time(name: str, unit: str) -> None:
    chunks_of(unit * (120_000 // len(unit)), name)


def test_one_line_of_endless_markup_is_read_in_linear_time() -> None:
    for line in ("# " + "[" * 200_000, "# " + " " * 200_000 + "#x", "`" * 200_000 + "x`"):
        chunks_of(line + "\n===\n")
