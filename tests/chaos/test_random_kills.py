"""kill -9 at any moment, in the middle of SQLite's own writes too, and over and over again."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from chaos_source import everything, git, make_source, shard_of, write
from index_child import PROCESSES, finish, go, run, start

from indexer.index import Index

pytestmark = pytest.mark.chaos

ROUNDS = 12


def kill_within(child: subprocess.Popen[str], seconds: float) -> bool:
    """Kill it after so long unless it has ended; whether it was killed."""
    try:
        child.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        child.send_signal(signal.SIGKILL)
    status, said = finish(child)
    assert status in {0, -signal.SIGKILL}, said
    return status != 0


def edit(root: Path, rng: random.Random, number: int) -> None:
    """A few edits, and now and then a move of HEAD."""
    for _ in range(10):
        name = f"pkg{rng.randrange(4)}/module{rng.randrange(60)}.py"
        if rng.random() < 0.3:
            (root / name).unlink(missing_ok=True)
        else:
            # Of different lengths: which of many equal matches are among the best is anyone's guess.
            words = "word " * rng.randrange(1, 400)
            write(root, name, f"def gamma{number}():\n    return {rng.random()}\n# {words}\n")
    if rng.random() < 0.5:
        git(root, "reset", "--quiet", f"main@{{0}}~{rng.randrange(1, 20)}")


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_at_random_moments_while_files_change(
    tmp_path: Path, folder: Path, seed: int, assert_equals_rebuild: Callable[..., None]
) -> None:
    rng = random.Random(seed)
    root = tmp_path.resolve() / "source"
    make_source(root)
    began = time.monotonic()
    assert run(tmp_path / "timed", *everything(root))[0] == 0
    longest = time.monotonic() - began
    kills = 0
    for number in range(ROUNDS):
        child = start(folder, *everything(root))
        go(child)
        kills += kill_within(child, rng.uniform(0, longest / 2))
        edit(root, rng, number)
    assert kills >= ROUNDS // 3
    assert run(folder, *everything(root))[0] == 0
    assert_equals_rebuild(folder, root)


def test_a_killed_refresh_leaves_no_process_of_its_pool_behind(
    tmp_path: Path, folder: Path, assert_equals_rebuild: Callable[..., None]
) -> None:
    root = tmp_path.resolve() / "source"
    root.mkdir()
    for number in range(1500):
        write(root, f"m{number}.py", f"def alpha{number}():\n    return {number}\n" * 20)
    child = start(folder, f"add:{root}", f"refresh:{root}", **{PROCESSES: "2"})
    go(child)
    index = Index(folder)
    pool = wait_for_pool(child, index, root)
    child.send_signal(signal.SIGKILL)
    finish(child)
    _, left = psutil.wait_procs(pool, timeout=20)
    assert left == []
    index.close()
    assert run(folder, *everything(root))[0] == 0
    assert_equals_rebuild(folder, root)


def wait_for_pool(child: subprocess.Popen[str], index: Index, root: Path) -> list[psutil.Process]:
    """The processes of a refresh's pool, once some of its work is stored."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        source = index.source(str(root))
        if source and index.manifest(source.id):
            assert child.poll() is None
            # Beside the workers there is a tracker of Python's, which ends when its pipe closes.
            pool = psutil.Process(child.pid).children(recursive=True)
            assert len(pool) >= 2
            return pool
        index.close()
    raise AssertionError("no work was stored")


def test_the_file_is_private_and_whole_after_a_kill(root: Path, indexed: Path) -> None:
    write(root, "pkg0/module0.py", "changed = 1\n")
    child = start(indexed, *everything(root))
    go(child)
    kill_within(child, 0.05)
    assert {path.stat().st_mode & 0o777 for path in indexed.iterdir()} == {0o600}
    index = Index(indexed)
    (source,) = index.sources()
    assert shard_of(indexed).exists()
    assert not index.heal(source.id)
    index.close()
