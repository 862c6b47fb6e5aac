"""The main job, as users do it: a question in a fresh repository, and an answer that cites."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def lines_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_ask_in_a_fresh_repository_answers_with_citations(cli: Any, project: Path) -> None:
    done = cli("ask", "--json", "why is the lamp lit at dusk?")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["refused"] is False
    assert answer["citations"]
    for citation in answer["citations"]:
        lines = (project / citation["path"]).read_text().splitlines()
        assert 1 <= citation["start_line"] <= citation["end_line"] <= len(lines)
    assert {"answer", "refused", "citations", "sentences", "coverage"} <= set(answer)
    assert all(sentence["citations"] for sentence in answer["sentences"])
    assert answer["coverage"]["indexed"] == 3
    assert f"lighthouse added: {project}" in done.stderr


def test_a_question_without_an_answer_is_refused_and_that_is_no_failure(cli: Any) -> None:
    done = cli("ask", "--json", "which submarine cable protocol negotiates zebra quotas?")
    assert done.returncode == 0
    assert json.loads(done.stdout)["refused"] is True


def test_search_prints_one_object_per_line_with_the_promised_keys(cli: Any) -> None:
    done = cli("search", "--json", "-k", "3", "kindle lamp")
    assert done.returncode == 0, done.stderr
    hits = lines_of(done.stdout)
    assert 1 <= len(hits) <= 3
    assert hits[0]["path"] == "src/beacon.py"
    keys = {"source", "path", "start_line", "end_line", "symbol", "kind", "score", "text"}
    assert all(keys <= set(hit) for hit in hits)
    assert [hit["score"] for hit in hits] == sorted((hit["score"] for hit in hits), reverse=True)


def test_a_commit_is_a_hit_on_request_and_has_no_lines(cli: Any) -> None:
    assert cli("index", "--lexical").returncode == 0
    (hit,) = lines_of(cli("search", "--json", "--kind", "commit", "build lighthouse").stdout)
    assert hit["kind"] == "commit"
    assert len(hit["commit"]) == 40
    assert not {"start_line", "end_line"} & set(hit)


def test_no_hit_is_exit_code_1_and_empty_output(cli: Any) -> None:
    done = cli("search", "--json", "xyzzyplugh")
    assert (done.returncode, done.stdout) == (1, "")
    assert "no hit in lighthouse" in done.stderr


def test_filters_leave_out_what_they_say(cli: Any, project: Path) -> None:
    def paths(*options: str) -> set[str]:
        return {hit["path"] for hit in lines_of(cli("search", "--json", *options).stdout)}

    words = "lamp keeper clockwork horn"
    assert paths(words) == {"src/beacon.py", "src/fog.py", "README.md"}
    assert paths("--path", "*.md", words) == {"README.md"}
    assert paths("--lang", "python", words) == {"src/beacon.py", "src/fog.py"}
    assert paths("--kind", "document", words) == {"README.md"}
    assert paths("--source", "src", words) == {"src/beacon.py", "src/fog.py"}
    assert paths("--source", "lighthouse", "--kind", "code,document", words) == paths(words)
    assert paths("--since", "1d", words) == paths(words)
    assert paths("--since", "2099-01-01", words) == set()


def test_a_query_comes_from_stdin_too_even_a_long_one(cli: Any) -> None:
    query = b"kindle the lamp " * 6_400
    assert len(query) > 100_000
    done = cli("search", "--json", "-", stdin=query)
    assert done.returncode == 0, done.stderr
    assert lines_of(done.stdout)[0]["path"] == "src/beacon.py"


def test_text_output_shows_the_place_and_the_lines(cli: Any) -> None:
    done = cli("search", "kindle lamp")
    assert "src/beacon.py:" in done.stdout
    assert "def kindle_lamp" in done.stdout
    assert "\x1b[" not in done.stdout, "no colours into a pipe"
    asked = cli("ask", "why is the lamp lit at dusk?")
    assert "src/beacon.py:" in asked.stdout


def test_what_was_just_saved_is_found(cli: Any, project: Path) -> None:
    assert cli("search", "lamp").returncode == 0
    (project / "src" / "mooring.py").write_text("def moor_dinghy() -> None: ...\n")
    hits = lines_of(cli("search", "--json", "moor dinghy").stdout)
    assert hits[0]["path"] == "src/mooring.py"


def test_outside_any_repository_all_sources_are_searched_and_none_added(
    cli: Any, tmp_path: Path
) -> None:
    assert cli("search", "lamp").returncode == 0
    (tmp_path / "plain").mkdir()
    done = cli("search", "--json", "lamp", cwd=tmp_path / "plain")
    assert {hit["source"] for hit in lines_of(done.stdout)} == {"lighthouse"}
    assert len(cli("sources", "--json").stdout.splitlines()) == 1


def test_with_nothing_known_outside_a_repository_the_error_says_what_to_do(
    cli: Any, tmp_path: Path
) -> None:
    (tmp_path / "plain").mkdir()
    done = cli("ask", "anything?", cwd=tmp_path / "plain")
    assert done.returncode == 3
    assert "no source is known yet" in done.stderr
    assert "dustlocal add PATH" in done.stderr
    assert done.stdout == ""


def test_a_plain_folder_is_a_source_once_it_is_added(cli: Any, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "tides.md").write_text("# Tides\n\nSpring tides follow the full moon.\n")
    assert cli("add", str(notes)).returncode == 0
    (hit, *_) = lines_of(cli("search", "--json", "spring tides", cwd=notes).stdout)
    assert (hit["source"], hit["path"]) == ("notes", "tides.md")
