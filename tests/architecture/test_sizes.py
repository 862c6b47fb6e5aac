"""Modules and functions stay small. `python tests/architecture/test_sizes.py` prints the medians.

A test can't judge a median: a rule for it would be met by splitting what is one. So medians are
reported, and only the tail is forbidden.
"""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("dustlocal", "indexer", "lsp")

MODULE_LINES = 300
MODULE_LINES_AT_MOST = 500
"""No reason is good enough for more."""
FUNCTION_LINES = 50

LONGER_MODULES: dict[str, str] = {}
"""Path of a module of more than 300 lines -> why it is one thing that a split would spoil."""
LONGER_FUNCTIONS: dict[str, str] = {}
"""`path::Class.function` of 50 lines or more -> why a split would spoil it."""


@dataclass(frozen=True, slots=True)
class Module:
    """A source file, its lines, and the lines of each of its functions by qualified name."""

    path: str
    lines: int
    functions: dict[str, int]


def read_module(file: Path, root: Path = ROOT) -> Module:
    text = file.read_text(encoding="utf-8")
    path = file.relative_to(root).as_posix()
    return Module(path, len(text.splitlines()), dict(_functions(ast.parse(text), f"{path}::")))


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, int]]:
    """Every function's lines: from `def` (decorators aside) to its end, inner functions included.

    A statement such as `if TYPE_CHECKING:` adds nothing to the qualified name.
    """
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            assert child.end_lineno is not None
            yield f"{prefix}{child.name}", child.end_lineno - child.lineno + 1
            yield from _functions(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{prefix}{child.name}.")
        else:
            yield from _functions(child, prefix)


def all_modules() -> list[Module]:
    files = (file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
    return [read_module(file) for file in sorted(files)]


@pytest.fixture(scope="module")
def modules() -> list[Module]:
    found = all_modules()
    assert len(found) > 50, "the source was not found: these tests would pass on nothing"
    return found


def test_modules_stay_under_their_limit(modules: list[Module]) -> None:
    long = {module.path: module.lines for module in modules if module.lines > MODULE_LINES}
    unexplained = {path: lines for path, lines in long.items() if path not in LONGER_MODULES}
    assert not unexplained, f"over {MODULE_LINES} lines: {unexplained}"
    endless = {path: lines for path, lines in long.items() if lines > MODULE_LINES_AT_MOST}
    assert not endless, f"over {MODULE_LINES_AT_MOST} lines, whatever the reason: {endless}"


def test_functions_stay_under_their_limit(modules: list[Module]) -> None:
    long = {
        name: lines
        for module in modules
        for name, lines in module.functions.items()
        if lines >= FUNCTION_LINES
    }
    unexplained = {name: lines for name, lines in long.items() if name not in LONGER_FUNCTIONS}
    assert not unexplained, f"{FUNCTION_LINES} lines or more: {unexplained}"


def test_exceptions_are_still_needed_and_reasoned(modules: list[Module]) -> None:
    long = {module.path for module in modules if module.lines > MODULE_LINES}
    long |= {
        name for module in modules for name, n in module.functions.items() if n >= FUNCTION_LINES
    }
    exceptions = LONGER_MODULES | LONGER_FUNCTIONS
    assert set(exceptions) <= long, f"no longer long: {set(exceptions) - long}"
    assert all(len(reason.split()) >= 5 for reason in exceptions.values())


def test_measuring_counts_methods_and_inner_functions(tmp_path: Path) -> None:
    file = tmp_path / "sample.py"
    file.write_text(
        "class Box:\n    @property\n    def size(self):\n        def inner():\n"
        "            return 1\n        return inner()\n\n"
        "if True:\n    async def late():\n        pass\n"
    )
    assert read_module(file, tmp_path) == Module(
        "sample.py",
        10,
        {
            "sample.py::Box.size": 4,
            "sample.py::Box.size.inner": 2,
            "sample.py::late": 2,
        },
    )


def report(modules: list[Module]) -> Iterator[str]:
    """Median, 90th percentile and the longest, of modules and of functions."""
    sizes = {module.path: module.lines for module in modules}
    functions = {name: n for module in modules for name, n in module.functions.items()}
    for kind, measured in (("modules", sizes), ("functions", functions)):
        lines = sorted(measured.values())
        longest = max(measured, key=lambda name: measured[name])
        yield (
            f"{len(lines)} {kind}: median {statistics.median(lines):.0f} lines, "
            f"90th percentile {statistics.quantiles(lines, n=10)[-1]:.0f}, "
            f"longest {measured[longest]} ({longest})"
        )


if __name__ == "__main__":
    print(*report(all_modules()), sep="\n")
