"""Real files, real events: what the watcher tells of editors, moves and deletions.

Every test runs on inotify and on watchdog's stock observer, which is what other platforms get.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from indexer.model import SourceId
from indexer.watch import Batch, Mode, Reason, Watcher
from indexer.watch.backend import Backend
from indexer.watch.observer import ObserverBackend

SOURCE = SourceId("s")
PATIENCE = 20.0


def inotify_backend() -> Backend:
    from indexer.watch.inotify import InotifyBackend

    return InotifyBackend()


@pytest.fixture(
    params=[
        pytest.param(
            inotify_backend,
            id="inotify",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's"),
        ),
        pytest.param(
            ObserverBackend,
            id="observer",
            # watchdog's recursive inotify watch warns of itself when `mkdir -p` overtakes it.
            marks=pytest.mark.filterwarnings("ignore:Callback with id:RuntimeWarning"),
        ),
    ]
)
def backend(request: pytest.FixtureRequest) -> Callable[[], Backend]:
    chosen: Callable[[], Backend] = request.param
    return chosen


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = (tmp_path / "source").resolve()
    (made / "pkg" / "sub").mkdir(parents=True)
    (made / "pkg" / "a.py").write_text("a = 1\n")
    (made / "pkg" / "sub" / "b.py").write_text("b = 1\n")
    return made


def folders_of(root: Path) -> frozenset[str]:
    """The folders that hold files, as a consumer finds them."""
    return frozenset(
        "" if here == str(root) else os.path.relpath(here, root)
        for here, _, files in os.walk(root)
        if files and "__pycache__" not in here
    )


class Consumer:
    """Takes batches as the daemon does: walks the disk after a rescan, and says `done`."""

    def __init__(self, watcher: Watcher, root: Path) -> None:
        self.watcher, self.root = watcher, root

    async def take(self) -> Batch:
        batch = await asyncio.wait_for(self.watcher.next_batch(), PATIENCE)
        assert batch is not None
        if self.root.is_dir() and (batch.paths is None or batch.reason is Reason.CHANGED):
            self.watcher.set_folders(SOURCE, str(self.root), folders_of(self.root))
        self.watcher.done(batch.source)
        return batch

    async def until(self, *paths: str) -> list[Batch]:
        """Batches until each path was in one, or the whole source was."""
        missing, taken = set(paths), []
        while missing:
            taken.append(batch := await self.take())
            missing = missing - batch.paths if batch.paths is not None else set()
        return taken

    async def until_paths(self, *paths: str) -> None:
        """The same, and no rescan on the way."""
        assert all(batch.paths is not None for batch in await self.until(*paths))

    async def until_named(self, path: str) -> None:
        """Saves until a batch names just this path: a rescan that still comes may swallow some."""
        for _ in range(10):
            (self.root / path).write_text("saved\n")
            if path in ((await self.take()).paths or ()):
                return
        raise AssertionError(f"only rescans, never {path}")

    async def until_reason(self, *reasons: Reason) -> None:
        while (await self.take()).reason not in reasons:
            pass


Script = Callable[[Consumer], Coroutine[Any, Any, None]]
Play = Callable[..., None]


@pytest.fixture
def play(root: Path, backend: Callable[[], Backend]) -> Play:
    """Runs a script with a consumer that has seen its first batch; holds that no thread is left."""

    async def main(script: Script, options: dict[str, Any]) -> None:
        async with Watcher(open_backend=backend, **options) as watcher:
            watcher.set_folders(SOURCE, str(root), folders_of(root))
            consumer = Consumer(watcher, root)
            first = await consumer.take()
            assert (first.paths, first.reason) == (None, Reason.STARTED)
            assert watcher.state(SOURCE).mode is Mode.WATCHING
            await script(consumer)

    def run(script: Script, **options: float) -> None:
        before = set(threading.enumerate())
        asyncio.run(main(script, options))
        assert set(threading.enumerate()) <= before

    return run


def test_a_save_is_one_batch_with_its_path(root: Path, play: Play) -> None:
    async def script(consumer: Consumer) -> None:
        (root / "pkg/sub/b.py").write_text("b = 2\n")
        assert await consumer.until("pkg/sub/b.py") == [
            Batch(SOURCE, frozenset({"pkg/sub/b.py"}), Reason.CHANGED)
        ]

    play(script)


def test_appending_to_a_file_that_stays_open_is_noticed(root: Path, play: Play) -> None:
    async def script(consumer: Consumer) -> None:
        with (root / "pkg/a.py").open("a") as file:
            file.write("more\n")
            file.flush()
            await consumer.until("pkg/a.py")

    play(script)


def test_writing_aside_and_renaming_names_the_target(root: Path, play: Play) -> None:
    async def script(consumer: Consumer) -> None:
        aside = root / "pkg" / "a.py___jb_tmp___"
        aside.write_text("a = 2\n")
        aside.replace(root / "pkg" / "a.py")
        await consumer.until_paths("pkg/a.py")

    play(script)


def test_a_vim_save_with_backup_and_swap_file_causes_no_rescan(root: Path, play: Play) -> None:
    async def script(consumer: Consumer) -> None:
        pkg = root / "pkg"
        (pkg / ".a.py.swp").write_bytes(b"b0VIM")
        (pkg / "4913").touch()
        (pkg / "4913").unlink()
        (pkg / "a.py").rename(pkg / "a.py~")
        (pkg / "a.py").write_text("a = 3\n")
        (pkg / "a.py~").unlink()
        (pkg / ".a.py.swp").unlink()
        await consumer.until_paths("pkg/a.py")

    play(script)


def test_delete_and_add_again_is_noticed_each_time(root: Path, play: Play) -> None:
    async def script(consumer: Consumer) -> None:
        for _ in range(2):
            (root / "pkg/a.py").unlink()
            await consumer.until("pkg/a.py")
            (root / "pkg/a.py").write_text("a = 1\n")
            await consumer.until("pkg/a.py")

    play(script)


def test_a_moved_file_is_noticed_at_both_ends(root: Path, play: Play) -> None:
    async def script(consumer: Consumer) -> None:
        (root / "pkg/a.py").rename(root / "pkg/sub/c.py")
        await consumer.until_paths("pkg/a.py", "pkg/sub/c.py")

    play(script)


def test_a_new_folder_is_a_rescan_and_then_watched(root: Path, play: Play) -> None:
    async def script(consumer: Consumer) -> None:
        (root / "new").mkdir()
        (root / "new/c.py").write_text("c = 1\n")
        await consumer.until_reason(Reason.FOLDER)
        await consumer.until("new")
        await consumer.until_named("new/c.py")

    play(script)


def test_the_first_file_of_an_empty_new_folder_is_noticed(root: Path, play: Play) -> None:
    async def script(consumer: Consumer) -> None:
        (root / "x/y").mkdir(parents=True)
        await consumer.until_reason(Reason.FOLDER)
        await consumer.until_named("x/y/first.py")

    play(script)


def test_a_folder_that_lost_its_only_file_is_still_heard_of(root: Path, play: Play) -> None:
    (root / "pkg/sub/__pycache__").mkdir()
    (root / "pkg/sub/__pycache__/b.pyc").write_bytes(b"\0")

    async def script(consumer: Consumer) -> None:
        (root / "pkg/sub/b.py").unlink()
        await consumer.until("pkg/sub/b.py")
        await consumer.until_named("pkg/sub/b.py")

    play(script)


def test_a_moved_folder_is_then_watched_under_its_new_name(root: Path, play: Play) -> None:
    async def script(consumer: Consumer) -> None:
        (root / "pkg").rename(root / "lib")
        await consumer.until_reason(Reason.FOLDER)
        await consumer.until("lib/sub")
        await consumer.until_named("lib/sub/b.py")

    play(script)


def test_a_folder_replaced_under_the_same_name_is_watched_again(root: Path, play: Play) -> None:
    async def script(consumer: Consumer) -> None:
        shutil.copytree(root / "pkg", root.parent / "copy")
        (root / "pkg").rename(root.parent / "old")
        (root.parent / "copy").rename(root / "pkg")
        await consumer.until_reason(Reason.FOLDER)
        await consumer.until_named("pkg/sub/b.py")

    play(script)


def test_a_deleted_folder_is_a_rescan_and_leaves_no_watch(root: Path, play: Play) -> None:
    async def script(consumer: Consumer) -> None:
        assert consumer.watcher.state(SOURCE).watches == 3
        shutil.rmtree(root / "pkg/sub")
        await consumer.until_reason(Reason.FOLDER)
        assert consumer.watcher.state(SOURCE).watches == 2

    play(script)


def test_a_mass_rename_costs_a_few_batches(root: Path, play: Play) -> None:
    for number in range(500):
        (root / "pkg" / f"m{number}.py").touch()

    async def script(consumer: Consumer) -> None:
        for number in range(500):
            (root / "pkg" / f"m{number}.py").rename(root / "pkg" / f"n{number}.py")
        taken = await consumer.until("pkg/n499.py")
        assert len(taken) <= 6

    play(script)


def test_a_changed_ignore_file_is_a_rescan(root: Path, play: Play) -> None:
    async def script(consumer: Consumer) -> None:
        (root / "pkg/.gitignore").write_text("*.log\n")
        await consumer.until_reason(Reason.IGNORE_RULES)

    play(script)


def test_a_deleted_source_is_told_once_and_so_is_its_return(root: Path, play: Play) -> None:
    async def script(consumer: Consumer) -> None:
        shutil.rmtree(root)
        await consumer.until_reason(Reason.ROOT_GONE)
        state = consumer.watcher.state(SOURCE)
        assert (state.mode, state.watches) == (Mode.POLLING, 0)
        assert str(root) in state.reason
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(consumer.watcher.next_batch(), 0.3)
        (root / "pkg").mkdir(parents=True)
        (root / "pkg/a.py").write_text("a = 5\n")
        assert (await consumer.take()).reason is Reason.ROOT_BACK
        assert consumer.watcher.state(SOURCE).mode is Mode.WATCHING
        await consumer.until_named("pkg/a.py")

    play(script, poll_seconds=0.05)
