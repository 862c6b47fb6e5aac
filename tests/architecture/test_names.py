"""Modules are named for what they hold: a room called `utils` is a room for anything."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("dustlocal", "indexer", "lsp")
EMPTY_WORDS = {
    *("base", "bases", "common", "helper", "helpers"),
    *("manager", "managers", "misc", "stuff", "util", "utils"),
}


def empty_words(name: str) -> set[str]:
    """The words of a module's name that say nothing about what it holds."""
    return set(name.lower().split("_")) & EMPTY_WORDS


def test_no_module_or_package_has_an_empty_name() -> None:
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*.py")]
    assert files
    places = {file.relative_to(ROOT).with_suffix("") for file in files}
    wrong = {str(place) for place in places if any(empty_words(part) for part in place.parts)}
    assert not wrong


def test_no_class_is_called_a_manager() -> None:
    wrong = [
        f"{file.relative_to(ROOT)}:{node.lineno} {node.name}"
        for package in PACKAGES
        for file in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and node.name.endswith(("Manager", "Helper", "Utils"))
    ]
    assert not wrong


@pytest.mark.parametrize("name", ["utils", "git_utils", "misc", "base_store"])
def test_an_empty_name_is_recognised(name: str) -> None:
    assert empty_words(name)


@pytest.mark.parametrize("name", ["database", "commonmark", "git_records"])
def test_a_telling_name_is_left_alone(name: str) -> None:
    assert not empty_words(name)


def test_the_marker_chaos_and_the_folder_chaos_agree() -> None:
    """`make test` leaves out the marker, the chaos step runs the folder: no test falls between."""
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        if file == Path(__file__):
            continue
        inside = file.is_relative_to(ROOT / "tests" / "chaos")
        text = file.read_text(encoding="utf-8")
        where = str(file.relative_to(ROOT))
        if inside:
            assert "pytestmark = pytest.mark.chaos" in text, f"{where} would run in `make test`"
        else:
            assert "mark.chaos" not in text, f"{where} has chaos tests that no step runs"
