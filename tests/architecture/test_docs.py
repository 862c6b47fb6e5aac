"""The documents say what is so: commands, versions, dependencies, make targets and links."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import dustlocal

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

_RUN_COMMAND_LINE = """
import sys
from dustlocal.cli.main import main
sys.argv[0] = "dustlocal"
main()
"""


def help_of(*command: str) -> str:
    run = subprocess.run(
        [sys.executable, "-P", "-c", _RUN_COMMAND_LINE, *command, "--help"],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "200", "TERM": "dumb"},
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def commands_in(help_text: str) -> set[str]:
    """The commands that a help text lists: two-column lines below any heading but the options'."""
    found = set()
    heading = ""
    for line in help_text.splitlines():
        if re.fullmatch(r"\S.*:", line):
            heading = line.lower()
        entry = re.match(r"  ([a-z][a-z-]*)(?:  +\S|$)", line)
        if entry and heading and not heading.startswith(("options", "usage", "arguments")):
            found.add(entry[1])
    return found


@pytest.fixture(scope="module")
def commands() -> set[str]:
    """Every command that the program has."""
    found = commands_in(help_of())
    assert {"ask", "search"} <= found, "the help text was not understood"
    return found


def readme_commands() -> set[str]:
    """The first words after `dustlocal` in the README's table of commands."""
    return set(re.findall(r"^\| `dustlocal ([a-z-]+)", README, flags=re.MULTILINE))


def test_the_readme_lists_the_commands_that_there_are(commands: set[str]) -> None:
    assert readme_commands() == commands


def test_every_command_that_a_document_shows_exists(commands: set[str]) -> None:
    shown = {
        (document.relative_to(ROOT).as_posix(), command)
        for document in DOCUMENTS
        for command in re.findall(
            r"(?:^    |`|/)dustlocal ([a-z][a-z-]+)", document.read_text("utf-8"), re.MULTILINE
        )
    }
    assert len(shown) > 15
    assert not {(where, command) for where, command in shown if command not in commands}


@pytest.mark.parametrize("command", ["ask", "search", "index", "status", "models", "config"])
def test_help_of_a_command_says_what_it_does(command: str, commands: set[str]) -> None:
    assert command in commands
    text = help_of(command)
    assert re.search(r"^Usage: dustlocal", text, re.MULTILINE)
    assert re.search(r"^  [A-Z]\w+ .*\w", text, re.MULTILINE), "a sentence about the command"


def test_commands_are_found_in_help_texts() -> None:
    text = (
        "Usage: dustlocal [OPTIONS] COMMAND\n\n  Ask a repository.\n\n  more words  here\n\n"
        "Options:\n  --json  As JSON.\n  help    no command\n\n"
        "Ask:\n  ask     Answer a question.\n  search  Find passages.\n\nDaemon:\n  up\n"
    )
    assert commands_in(text) == {"ask", "search", "up"}


def test_the_changelog_has_the_current_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert PROJECT["version"] == dustlocal.__version__
    assert re.search(rf"^## \[{re.escape(dustlocal.__version__)}\] - ", changelog, re.MULTILINE)


def test_every_dependency_has_its_line_with_reason_and_licence() -> None:
    text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    rows = {row[0]: row for row in (_cells(line) for line in text.splitlines()) if len(row) >= 4}
    extras = [name for group in PROJECT["optional-dependencies"].values() for name in group]
    for requirement in [*PROJECT["dependencies"], *extras]:
        name = re.split(r"[<>=;\[ ]", requirement)[0]
        assert name in rows, f"{name} is not in docs/dependencies.md"
        _, reason, licence, megabytes, *_ = rows[name]
        assert len(reason.split()) >= 1
        assert re.search(r"MIT|BSD|Apache|MPL|zlib|PSF", licence)
        assert float(megabytes) > 0


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("| ") else []


def test_every_make_target_in_the_readme_is_one_and_the_other_way_round() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    shown = set(re.findall(r"^    make ([a-z]+)", README, re.MULTILINE))
    assert {"demo", "test", "check", "chaos"} <= shown <= set(phony.split())
    rules = set(re.findall(r"^([a-z]+):(?!=)", makefile, re.MULTILINE))
    assert set(phony.split()) == rules


def test_continuous_integration_runs_the_readmes_test_command() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    targets = re.findall(r"^step \w+ make (\w+)$", script, re.MULTILINE)
    assert targets == ["setup", "lint", "types", "imports", "sizes", "test", "chaos"]


def test_relative_links_lead_to_files() -> None:
    broken = [
        f"{document.relative_to(ROOT)}: {target}"
        for document in DOCUMENTS
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text("utf-8"))
        if not (document.parent / target).exists()
    ]
    assert not broken


def test_every_decision_is_numbered_titled_and_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    records = sorted(folder.glob("0*.md"))
    assert [int(record.name[:4]) for record in records] == list(range(1, len(records) + 1))
    for number, record in enumerate(records, start=1):
        text = record.read_text(encoding="utf-8")
        assert text.startswith(f"# {number}. ")
        assert all(part in text for part in ("**Context.**", "**Decision.**", "**Consequences.**"))
        assert f"[{record.name[:4]}]({record.name})" in index
