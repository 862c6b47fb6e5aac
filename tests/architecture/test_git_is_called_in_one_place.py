"""Only `indexer/git.py` imports GitPython or names git as a program to run."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
DOOR = PROJECT / "indexer" / "git.py"
STARTERS = {"Popen", "run", "call", "check_call", "check_output", "getoutput", "getstatusoutput"}
STARTERS |= {"system", "popen", "posix_spawn", "posix_spawnp", "create_subprocess_exec"}
STARTERS |= {"create_subprocess_shell", "which"}
STARTERS |= {f"{verb}{form}" for verb in ("exec", "spawn") for form in ("v", "vp", "l", "lp")}


def modules() -> list[Path]:
    rooms = (PROJECT / name for name in ("indexer", "dustlocal", "lsp"))
    return sorted(path for room in rooms for path in room.rglob("*.py"))


def offences(source: str) -> list[str]:
    """Each import of GitPython, and each process that is started as git, with its line."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if imports_git(node):
            found.append(f"line {node.lineno}: imports git")
        elif isinstance(node, ast.Call) and starts_git(node):
            found.append(f"line {node.lineno}: starts git")
    return found


def imports_git(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        names = [node.module or ""] if node.level == 0 else []
    elif isinstance(node, ast.Call) and called(node) in ("import_module", "__import__"):
        names = [word for argument in node.args for word in words(argument)]
    else:
        return False
    return any(name.split(".")[0] in ("git", "gitdb") for name in names)


def starts_git(call: ast.Call) -> bool:
    if called(call) not in STARTERS:
        return False
    first = call.args[0] if call.args else ast.Constant("")
    if isinstance(first, ast.List | ast.Tuple):
        first = first.elts[0] if first.elts else ast.Constant("")
    return any(word.split() and Path(word.split()[0]).name == "git" for word in words(first))


def called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def words(node: ast.AST) -> list[str]:
    constants = [each for each in ast.walk(node) if isinstance(each, ast.Constant)]
    return [each.value for each in constants if isinstance(each.value, str)]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PROJECT)))
def test_no_other_module_calls_git(path):
    if path != DOOR:
        assert offences(path.read_text(encoding="utf-8")) == []


def test_the_door_itself_is_where_git_is_called():
    assert offences(DOOR.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "source",
    [
        "import git",
        "import git.cmd as g",
        "def f():\n    from git import Repo",
        "import importlib\nimportlib.import_module('git.cmd')",
        "import subprocess\nsubprocess.run(['git', 'status'])",
        "from subprocess import Popen\nPopen(('/usr/bin/git', *rest))",
        "import os\nos.system('git commit')",
        "import os\nos.execvp('git', arguments)",
        "import asyncio\nasyncio.create_subprocess_exec('git', 'log')",
        "import shutil\nshutil.which('git')",
    ],
)
def test_every_way_around_the_door_is_seen(source):
    assert offences(source)


@pytest.mark.parametrize(
    "source",
    ["from indexer.git import GitCall", "from .git import GitCall", "run(['digit'])", "x = 'git'"],
)
def test_what_is_no_call_of_git_is_left_alone(source):
    assert offences(source) == []
