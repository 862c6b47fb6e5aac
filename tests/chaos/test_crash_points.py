"""kill -9 at every named point: a new process goes on, and the index equals a rebuild."""

from __future__ import annotations

import ast
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from chaos_source import everything, git, leftovers, shard_of, write
from index_child import PROJECT, run

from indexer.crash import POINTS, VARIABLE
from indexer.index import Index
from indexer.parsing_mark import ParsingMark

pytestmark = pytest.mark.chaos

# How each point is reached: by the first full index, or by one of the changes below.
FROM_NOTHING = (
    "before-document",
    "after-document",
    "between-batches",
    "before-complete",
    "after-commits-released",
    "after-commits",
    "before-commits-complete",
    "before-vectors",
    "after-vectors",
    "after-source-added",
)
AFTER_A_CHANGE = ("before-removal", "after-removal", "after-commits-released", "before-document")
AFTER_DAMAGE = ("before-set-aside", "after-set-aside")
WHILE_REMOVING = ("before-source-removed", "before-source-forgotten")
WHILE_REMOVING_ONE_OF_TWO = (*WHILE_REMOVING, "before-pages-erased")
LATER = ("after-document:17", "after-commits:2", "after-vectors:3", "between-batches:2")


def crash(folder: Path, at: str, *commands: str) -> None:
    status, said = run(folder, *commands, **{VARIABLE: at})
    assert status == -signal.SIGKILL, f"{at} was not reached: {said}"


def test_every_point_is_tried_and_every_call_is_named() -> None:
    called = {
        node.args[0].value
        for file in (PROJECT / "indexer").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "crash_point"
        if isinstance(node.args[0], ast.Constant)
    }
    tried = {*FROM_NOTHING, *AFTER_A_CHANGE, *AFTER_DAMAGE, *WHILE_REMOVING_ONE_OF_TWO}
    assert called == set(POINTS) == tried


@pytest.mark.parametrize("point", [*FROM_NOTHING, *LATER])
def test_killed_while_indexing_from_nothing(
    root: Path, folder: Path, point: str, assert_equals_rebuild: Callable[..., None]
) -> None:
    crash(folder, point, *everything(root))
    assert run(folder, *everything(root))[0] == 0
    assert_equals_rebuild(folder, root)


@pytest.mark.parametrize("point", AFTER_A_CHANGE)
def test_killed_while_following_a_change(
    root: Path, indexed: Path, point: str, assert_equals_rebuild: Callable[..., None]
) -> None:
    for number in range(30):
        (root / f"docs/page{number}.md").unlink()
    write(root, "pkg0/module0.py", "def beta():\n    return 'changed'\n")
    git(root, "reset", "--quiet", "HEAD~250")
    crash(indexed, point, *everything(root))
    assert run(indexed, *everything(root))[0] == 0
    assert_equals_rebuild(indexed, root)


def test_killed_on_another_branch_and_back_again(
    root: Path, indexed: Path, assert_equals_rebuild: Callable[..., None]
) -> None:
    """What was complete before must not be taken for complete when HEAD returns to it."""
    git(root, "checkout", "--quiet", "--orphan", "other")
    git(root, "commit", "--quiet", "--allow-empty", "-m", "The only one")
    crash(indexed, "after-commits", f"commits:{root}")
    git(root, "checkout", "--quiet", "--force", "main")
    assert run(indexed, *everything(root))[0] == 0
    assert_equals_rebuild(indexed, root)


@pytest.mark.parametrize("point", AFTER_DAMAGE)
def test_killed_while_a_damaged_file_is_set_aside(
    root: Path, indexed: Path, point: str, assert_equals_rebuild: Callable[..., None]
) -> None:
    shard = shard_of(indexed)
    shard.write_bytes(b"no database at all" * 999)
    crash(indexed, point, f"refresh:{root}")
    assert run(indexed, *everything(root))[0] == 0
    assert_equals_rebuild(indexed, root)


@pytest.mark.parametrize("point", WHILE_REMOVING)
def test_killed_while_the_last_source_is_removed(root: Path, indexed: Path, point: str) -> None:
    crash(indexed, point, f"remove:{root}")
    assert run(indexed, f"remove:{root}")[0] == 0
    assert not leftovers(indexed, b"module0.py", b"gamma", str(root).encode())
    assert [path.name for path in indexed.glob("*.db")] == ["catalog.db"]


@pytest.mark.parametrize("point", WHILE_REMOVING_ONE_OF_TWO)
def test_killed_while_one_of_two_work_trees_is_removed(
    root: Path, indexed: Path, point: str, assert_equals_rebuild: Callable[..., None]
) -> None:
    side = root.with_name("side-tree")
    git(root, "worktree", "add", "--quiet", "-b", "side", str(side))
    write(side, "only/zanzibar.py", "zanzibarmarker = 1\n")
    assert run(indexed, *everything(side))[0] == 0
    crash(indexed, point, f"remove:{side}")
    assert run(indexed, f"remove:{side}")[0] == 0
    assert not leftovers(indexed, b"zanzibar", b"side-tree")
    assert_equals_rebuild(indexed, root)


def test_what_was_acknowledged_is_there_after_the_kill(root: Path, folder: Path) -> None:
    crash(folder, "after-document:25", *everything(root))
    index = Index(folder)
    (source,) = index.sources()
    assert len(index.manifest(source.id)) == 25
    index.close()


def test_what_a_kill_left_of_the_file_in_work_goes_with_its_source(
    root: Path, indexed: Path
) -> None:
    index = Index(indexed)
    (source,) = index.sources()
    mark = ParsingMark(indexed)
    mark.set(source.id, "zanzibar.py")
    mark.close()
    assert leftovers(indexed, b"zanzibar")
    index.remove(source.id)
    index.close()
    assert not leftovers(indexed, b"zanzibar", source.id.encode())
