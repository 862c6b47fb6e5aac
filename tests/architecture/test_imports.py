"""What is loaded when, and who may import what: the part that import-linter can't see.

import-linter (contracts in `pyproject.toml`) reads static imports between our own packages. Here a
fresh interpreter says what a front end really loads, and the source says who imports a library,
inside functions and by `import_module` too.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("dustlocal", "indexer", "lsp")

FRONT_END_NEVER_LOADS = (
    # the other wing
    "dustlocal.agents dustlocal.answers dustlocal.bench dustlocal.daemon dustlocal.doctor "
    "dustlocal.inprocess dustlocal.models dustlocal.review dustlocal.workflows "
    # what costs start-up time, and belongs to the daemon and its workers
    "dbos git llama_cpp numpy onnxruntime pypdf pysqlite3 sqlite3 sqlite_utils sqlite_vec "
    "starlette tokenizers tree_sitter tree_sitter_language_pack uvicorn watchdog "
    # other front ends
    "lsp pygls lsprotocol textual"
)

ONLY_IN = {
    "click": "dustlocal.cli dustlocal.bench",
    "dbos": "dustlocal.workflows",
    "git": "indexer.git",
    "gguf": "nowhere",
    "httpx": "dustlocal.client",
    "keyring": "dustlocal.connectors",
    "llama_cpp": "dustlocal.models indexer.embed",
    "lsprotocol": "lsp",
    "onnxruntime": "indexer.embed",
    "pathspec": "indexer.ignore",
    "platformdirs": "dustlocal.paths",
    "pygls": "lsp",
    "pypdf": "indexer.extract",
    "pysqlite3": "indexer.store",
    "rich": "dustlocal.cli",
    "sqlite3": "indexer.store",
    "sqlite_utils": "indexer.store",
    "sqlite_vec": "indexer.store",
    "starlette": "dustlocal.daemon",
    "textual": "dustlocal.tui",
    "tokenizers": "indexer.embed",
    "tree_sitter": "indexer.chunk",
    "tree_sitter_language_pack": "indexer.chunk",
    "uvicorn": "dustlocal.daemon",
    "watchdog": "indexer.watch",
}
"""A library -> the modules or packages that may import it; everyone else goes through them."""

NETWORK_LIBRARIES = "aiohttp ftplib http.client requests smtplib ssl urllib.request urllib3 xmlrpc"
"""Never imported by our own source: what leaves the machine goes through pip or httpx alone."""


def all_module_names() -> list[str]:
    names = []
    for package in PACKAGES:
        names.append(package)
        names += (
            found.name
            for found in pkgutil.walk_packages([str(ROOT / package)], prefix=f"{package}.")
            if not found.name.endswith(".__main__")
        )
    return names


def loaded_by(statement: str) -> set[str]:
    """The modules that a fresh interpreter holds after `statement`, less those it starts with."""
    code = (
        "import json, sys; before = set(sys.modules)\n"
        f"{statement}\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    run = subprocess.run(
        [sys.executable, "-P", "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert run.returncode == 0, run.stderr
    return set(json.loads(run.stdout))


def within(module: str, packages: str) -> bool:
    return any(f"{module}.".startswith(f"{package}.") for package in packages.split())


@pytest.mark.parametrize("front_end", ["dustlocal.client", "dustlocal.cli.main"])
def test_a_front_end_loads_nothing_of_the_other_wing(front_end: str) -> None:
    loaded = loaded_by(f"import {front_end}")
    assert front_end in loaded
    wrong = {name for name in loaded if within(name, FRONT_END_NEVER_LOADS)}
    assert not wrong
    indexer = {name for name in loaded if within(name, "indexer")}
    assert indexer <= {"indexer", "indexer.errors"}, "of the library only the error tree"


def test_no_module_of_the_command_line_loads_the_other_wing() -> None:
    """A command's module may load what it shows with; the rooms it reaches when it runs."""
    names = [name for name in all_module_names() if within(name, "dustlocal.cli")]
    loaded = loaded_by(f"import {', '.join(names)}")
    assert set(names) <= loaded
    wrong = set(FRONT_END_NEVER_LOADS.split()) - {"dustlocal.inprocess"}
    assert not {name for name in loaded if within(name, " ".join(wrong))}


@pytest.mark.parametrize("module", ["dustlocal.client", "dustlocal.cli.main", "dustlocal.launch"])
def test_importing_a_front_end_puts_off_what_not_every_command_needs(module: str) -> None:
    loaded = loaded_by(f"import {module}")
    assert not {name for name in loaded if within(name, "asyncio httpx platformdirs rich ssl")}


def test_the_language_server_loads_nothing_of_the_other_wing() -> None:
    loaded = loaded_by("import lsp.server")
    wrong = set(FRONT_END_NEVER_LOADS.split()) - {"lsp", "pygls", "lsprotocol"}
    assert not {name for name in loaded if within(name, " ".join(wrong))}


def test_the_indexer_loads_nothing_of_the_product() -> None:
    names = [name for name in all_module_names() if within(name, "indexer")]
    loaded = loaded_by(f"import {', '.join(names)}")
    assert set(names) <= loaded | {"indexer"}
    assert not {name for name in loaded if within(name, "dustlocal lsp click rich httpx pygls")}


def test_importing_everything_loads_no_optional_or_foreign_library() -> None:
    """llama.cpp can end its process and is optional: it may be loaded by its workers only."""
    names = [name for name in all_module_names() if not within(name, "lsp dustlocal.tui")]
    loaded = loaded_by(f"import {', '.join(names)}")
    assert {"dustlocal.client", "indexer.index"} <= loaded
    assert not {name for name in loaded if within(name, "llama_cpp pygls lsprotocol textual dbos")}


def imports_of(source: str) -> Iterator[tuple[str, int]]:
    """(module, line) of every import in `source`, wherever it stands and however it is written."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module, node.lineno
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.Call) and _name_called(node) in {"import_module", "__import__"}:
            for argument in node.args[:1]:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield argument.value, node.lineno


def _name_called(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def misplaced(module: str, source: str) -> Iterator[str]:
    for imported, line in imports_of(source):
        library = imported.partition(".")[0]
        allowed = ONLY_IN.get(library)
        if allowed is not None and not within(module, allowed):
            yield f"{module}:{line} imports {library}, which only {allowed} may"
        if within(imported, NETWORK_LIBRARIES):
            yield f"{module}:{line} imports {imported}: no way out of the machine of its own"


def test_a_library_is_imported_only_in_its_room() -> None:
    wrong: set[str] = set()
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            relative = file.relative_to(ROOT).with_suffix("")
            module = ".".join(part for part in relative.parts if part != "__init__")
            wrong |= set(misplaced(module, file.read_text(encoding="utf-8")))
    assert not wrong, "\n".join(sorted(wrong))


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("dustlocal.client", "def f():\n    import git"),
        ("dustlocal.daemon.worker", "import importlib as i\ni.import_module('llama_cpp')"),
        ("indexer.gitlike", "from git.cmd import Git"),
        ("indexer.search.engine", "import sqlite_vec as vec"),
        ("indexer.embed.weights", "from urllib3 import PoolManager"),
        ("dustlocal.answers.ask", "from urllib import request"),
    ],
)
def test_a_misplaced_import_is_found_however_it_is_written(module: str, source: str) -> None:
    assert list(misplaced(module, source))


def test_a_library_in_its_room_is_fine() -> None:
    assert not list(misplaced("indexer.git", "from git.cmd import Git"))
    assert not list(misplaced("indexer.embed.gguf", "import importlib\nimport llama_cpp"))


def test_every_library_named_here_is_one_we_use_or_plan() -> None:
    planned = {"dbos", "keyring", "textual"}
    missing = {
        name
        for name in ONLY_IN.keys() - planned - {"llama_cpp", "pysqlite3"}
        if importlib.util.find_spec(name) is None
    }
    assert not missing
