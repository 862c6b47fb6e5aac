"""Limits of the system: many folders, refused watches, an overflow, forbidden folders."""

from __future__ import annotations

import asyncio
import ctypes
import errno
import sys
import threading
from pathlib import Path

import pytest

from indexer.model import SourceId
from indexer.watch import Batch, Mode, Reason, Watcher, WatchState

if sys.platform != "linux":
    pytest.skip("limits and descriptors of inotify", allow_module_level=True)

from watchdog.observers import inotify_c

from indexer.watch.inotify import InotifyBackend

SOURCE = SourceId("s")
PATIENCE = 20.0


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = (tmp_path / "source").resolve()
    made.mkdir()
    (made / "a.py").write_text("a = 1\n")
    return made


def watch(watcher: Watcher, root: Path, folders: frozenset[str] = frozenset({""})) -> None:
    watcher.set_folders(SOURCE, str(root), folders)


async def take(watcher: Watcher) -> Batch:
    batch = await asyncio.wait_for(watcher.next_batch(), PATIENCE)
    assert batch is not None
    watcher.done(batch.source)
    return batch


async def take_reason(watcher: Watcher, reason: Reason) -> Batch:
    while (batch := await take(watcher)).reason is not reason:
        pass
    return batch


def refuse_watches(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(fd: int, path: bytes, mask: int) -> int:
        ctypes.set_errno(number)
        return -1

    monkeypatch.setattr(inotify_c, "inotify_add_watch", refuse)


def test_500_folders_cost_one_thread_and_one_inotify_instance(root: Path) -> None:
    folders = {f"p{number % 10}/q{number}" for number in range(500)}
    for folder in folders:
        (root / folder).mkdir(parents=True)

    def instances() -> int:
        links = Path("/proc/self/fd").iterdir()
        return sum(
            str(each.readlink()) == "anon_inode:inotify" for each in links if each.is_symlink()
        )

    async def main() -> None:
        threads, descriptors = threading.active_count(), instances()
        async with Watcher() as watcher:
            watch(watcher, root, frozenset(folders))
            assert threading.active_count() == threads + 1
            assert instances() == descriptors + 1
            assert watcher.state(SOURCE) == WatchState(Mode.WATCHING, 511)
            assert (await take(watcher)).reason is Reason.STARTED
            (root / "p7/q497/z.py").write_text("z = 1\n")
            assert (await take(watcher)).paths == frozenset({"p7/q497/z.py"})
            watch(watcher, root, frozenset({"p7/q497"}))
            assert watcher.state(SOURCE).watches < 80
        assert instances() == descriptors

    asyncio.run(main())


def test_an_overflow_is_a_rescan_and_polling_until_it_has_stayed_away(root: Path) -> None:
    backend = InotifyBackend()

    async def main() -> None:
        async with Watcher(
            open_backend=lambda: backend, recheck_seconds=0.6, poll_seconds=0.1
        ) as watcher:
            watch(watcher, root)
            await take_reason(watcher, Reason.STARTED)
            overflow = inotify_c.InotifyConstants.IN_Q_OVERFLOW
            event = inotify_c.InotifyEvent(inotify_c.WatchDescriptor(-1), overflow, 0, b"")
            await asyncio.to_thread(backend._fd.handle_event, event)
            state = watcher.state(SOURCE)
            assert (state.mode, state.watches) == (Mode.POLLING, 1)
            assert "overflow" in state.reason
            assert "fs.inotify.max_queued_events" in state.hint
            assert (await take(watcher)).reason is Reason.OVERFLOW
            assert (await take(watcher)).reason is Reason.PERIODIC
            while watcher.state(SOURCE).mode is Mode.POLLING:
                assert (await take(watcher)).paths is None

    asyncio.run(main())


@pytest.mark.parametrize(
    ("number", "setting"),
    [(errno.ENOSPC, "max_user_watches"), (errno.ENOMEM, "")],
)
def test_refused_watches_are_polling_with_the_fix_and_are_tried_again(
    root: Path, monkeypatch: pytest.MonkeyPatch, number: int, setting: str
) -> None:
    async def main() -> None:
        async with Watcher(recheck_seconds=0.5, poll_seconds=0.1) as watcher:
            with monkeypatch.context() as patch:
                refuse_watches(patch, number)
                watch(watcher, root)
                state = watcher.state(SOURCE)
                assert (state.mode, state.watches) == (Mode.POLLING, 0)
                assert setting in state.hint
                assert (await take(watcher)).reason is Reason.STARTED
                assert (await take(watcher)).reason is Reason.PERIODIC
                assert watcher.state(SOURCE).mode is Mode.POLLING
            while watcher.state(SOURCE).mode is Mode.POLLING:
                assert (await take(watcher)).paths is None
            (root / "a.py").write_text("a = 2\n")
            assert (await take_reason(watcher, Reason.CHANGED)).paths == frozenset({"a.py"})

    asyncio.run(main())


def test_no_inotify_instance_left_is_polling_with_the_fix(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> int:
        ctypes.set_errno(errno.EMFILE)
        return -1

    async def main() -> None:
        monkeypatch.setattr(inotify_c, "inotify_init", refuse)
        async with Watcher(poll_seconds=0.1) as watcher:
            watch(watcher, root)
            assert "fs.inotify.max_user_instances" in watcher.state(SOURCE).hint
            assert (await take(watcher)).reason is Reason.STARTED
            assert (await take(watcher)).reason is Reason.PERIODIC

    asyncio.run(main())


def test_a_folder_that_may_not_be_read_is_told_and_the_rest_is_watched(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "secret").mkdir()
    real = inotify_c.inotify_add_watch

    def deny(fd: int, path: bytes, mask: int) -> int:
        if not path.endswith(b"secret"):
            return real(fd, path, mask)
        ctypes.set_errno(errno.EACCES)
        return -1

    async def main() -> None:
        monkeypatch.setattr(inotify_c, "inotify_add_watch", deny)
        async with Watcher() as watcher:
            watch(watcher, root, frozenset({"", "secret", "vanished"}))
            state = watcher.state(SOURCE)
            assert (state.mode, state.watches) == (Mode.WATCHING, 1)
            assert "permission denied" in state.reason

    asyncio.run(main())
