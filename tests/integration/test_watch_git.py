"""The watcher on real git repositories, and on folders that are replaced behind its back."""

from __future__ import annotations

import asyncio
import os
import subprocess
from pathlib import Path

import pytest

from indexer.model import SourceId
from indexer.watch import Batch, Reason, Watcher

SOURCE = SourceId("s")
PATIENCE = 20.0


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = (tmp_path / "source").resolve()
    made.mkdir()
    (made / "a.py").write_text("a = 1\n")
    return made


def watch(watcher: Watcher, root: Path, folders: frozenset[str] = frozenset({""})) -> None:
    git_dir = str(root / ".git") if (root / ".git").is_dir() else None
    watcher.set_folders(SOURCE, str(root), folders, git_dir, git_dir)


async def take(watcher: Watcher) -> Batch:
    batch = await asyncio.wait_for(watcher.next_batch(), PATIENCE)
    assert batch is not None
    watcher.done(batch.source)
    return batch


async def take_reason(watcher: Watcher, reason: Reason) -> Batch:
    while (batch := await take(watcher)).reason is not reason:
        pass
    return batch


async def quiet(watcher: Watcher, seconds: float = 0.4) -> bool:
    try:
        await asyncio.wait_for(watcher.next_batch(), seconds)
    except TimeoutError:
        return True
    return False


def git(root: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    subprocess.run(
        ["git", *identity, *arguments], cwd=root, env=env, check=True, capture_output=True
    )


def repository(root: Path) -> None:
    git(root, "init", "-q", "-b", "main")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "first")
    git(root, "branch", "feature/side")


@pytest.mark.parametrize(
    "command",
    [
        ("commit", "-q", "--allow-empty", "-m", "second"),
        ("switch", "-q", "feature/side"),
        ("switch", "-q", "--detach"),
        ("update-ref", "refs/heads/main", "feature/side"),
    ],
    ids=" ".join,
)
def test_git_moving_head_is_a_rescan(root: Path, command: tuple[str, ...]) -> None:
    repository(root)
    git(root, "commit", "-q", "--allow-empty", "-m", "ahead")

    async def main() -> None:
        async with Watcher() as watcher:
            watch(watcher, root)
            await take_reason(watcher, Reason.STARTED)
            git(root, *command)
            assert (await take_reason(watcher, Reason.GIT_HEAD)).paths is None

    asyncio.run(main())


def test_a_commit_on_the_branch_switched_to_is_noticed(root: Path) -> None:
    repository(root)

    async def main() -> None:
        async with Watcher() as watcher:
            watch(watcher, root)
            await take_reason(watcher, Reason.STARTED)
            git(root, "pack-refs", "--all")
            git(root, "switch", "-q", "-c", "deep/er/branch")
            await take_reason(watcher, Reason.GIT_HEAD)
            while not await quiet(watcher):
                watcher.done(SOURCE)
            git(root, "commit", "-q", "--allow-empty", "-m", "third")
            await take_reason(watcher, Reason.GIT_HEAD)

    asyncio.run(main())


def test_staging_and_the_exclude_file_are_rescans(root: Path) -> None:
    repository(root)
    (root / "b.py").write_text("b = 1\n")

    async def main() -> None:
        async with Watcher() as watcher:
            watch(watcher, root)
            await take_reason(watcher, Reason.STARTED)
            git(root, "add", "b.py")
            await take_reason(watcher, Reason.GIT_INDEX)
            (root / ".git/info/exclude").write_text("*.log\n")
            await take_reason(watcher, Reason.IGNORE_RULES)

    asyncio.run(main())


def test_locks_objects_other_branches_and_our_own_reading_wake_nobody(root: Path) -> None:
    repository(root)

    async def main() -> None:
        async with Watcher() as watcher:
            watch(watcher, root)
            await take_reason(watcher, Reason.STARTED)
            (root / ".git/index.lock").write_text("")
            (root / ".git/index.lock").unlink()
            git(root, "hash-object", "-w", "a.py")
            git(root, "branch", "another")
            (root / "a.py").read_text()
            os.listdir(root)
            assert await quiet(watcher)

    asyncio.run(main())


async def take_saved(watcher: Watcher, root: Path, folders: frozenset[str], path: str) -> None:
    """Saves until a batch names the path; some saves may still fall into a rescan."""
    while True:
        (root / path).write_text("saved\n")
        batch = await take(watcher)
        watch(watcher, root, folders)
        if path in (batch.paths or ()):
            return


def test_a_folder_deleted_under_a_terminal_and_made_again_is_watched_again(root: Path) -> None:
    (root / "pkg").mkdir()
    folders = frozenset({"", "pkg"})

    async def main() -> None:
        async with Watcher() as watcher:
            watch(watcher, root, folders)
            await take_reason(watcher, Reason.STARTED)
            # While somebody has the folder open, the kernel keeps the old watch, which is silent.
            terminal = os.open(root / "pkg", os.O_RDONLY)
            try:
                (root / "pkg").rmdir()
                (root / "pkg").mkdir()
                await take_reason(watcher, Reason.FOLDER)
                await take_saved(watcher, root, folders, "pkg/b.py")
            finally:
                os.close(terminal)

    asyncio.run(main())


def test_a_root_replaced_under_the_same_name_is_watched_again(root: Path) -> None:
    folders = frozenset({""})

    async def main() -> None:
        async with Watcher() as watcher:
            watch(watcher, root, folders)
            await take_reason(watcher, Reason.STARTED)
            root.rename(root.parent / "old")
            root.mkdir()
            await take_reason(watcher, Reason.FOLDER)
            await take_saved(watcher, root, folders, "b.py")

    asyncio.run(main())
