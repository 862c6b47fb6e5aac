"""The watcher's life on an asyncio loop: one batch in flight, waiting, cancelling, ending."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

import pytest

from indexer.model import SourceId
from indexer.watch import Batch, Mode, Reason, Watcher
from indexer.watch.backend import Listener
from indexer.watch.layout import Target

SOURCE = SourceId("s")
OTHER = SourceId("t")
PATIENCE = 20.0


class ScriptedBackend:
    """Lets a test be the system: `listeners` by folder, and a thread that can end."""

    def __init__(self) -> None:
        self.listeners: dict[str, Listener] = {}
        self.alive = True
        self.stopped = False

    def add(self, target: Target, listener: Listener) -> int:
        self.listeners[target.path] = listener
        return len(self.listeners)

    def remove(self, handles: Iterable[int]) -> None:
        for _ in handles:
            pass

    def is_alive(self) -> bool:
        return self.alive

    def stop(self) -> None:
        self.stopped = True


async def take(watcher: Watcher) -> Batch:
    batch = await asyncio.wait_for(watcher.next_batch(), PATIENCE)
    assert batch is not None
    return batch


def test_nothing_is_delivered_while_a_batch_is_in_flight(tmp_path: Path) -> None:
    backend = ScriptedBackend()

    async def main() -> None:
        async with Watcher(open_backend=lambda: backend) as watcher:
            watcher.set_folders(SOURCE, str(tmp_path), frozenset({""}))
            await take(watcher)
            for number in range(50):
                backend.listeners[str(tmp_path)].entry(f"{number}.py", is_folder=False)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(watcher.next_batch(), 0.3)
            watcher.done(SOURCE)
            assert (await take(watcher)).paths == frozenset(f"{number}.py" for number in range(50))

    asyncio.run(main())


def test_an_event_on_another_thread_wakes_the_waiting_task(tmp_path: Path) -> None:
    backend = ScriptedBackend()

    async def main() -> None:
        async with Watcher(open_backend=lambda: backend) as watcher:
            watcher.set_folders(SOURCE, str(tmp_path), frozenset({""}))
            await take(watcher)
            watcher.done(SOURCE)
            waiting = asyncio.create_task(take(watcher))
            await asyncio.sleep(0)
            listener = backend.listeners[str(tmp_path)]
            await asyncio.to_thread(listener.entry, "a.py", is_folder=False)
            assert (await waiting).paths == frozenset({"a.py"})

    asyncio.run(main())


def test_only_one_task_may_wait_for_batches() -> None:
    async def main() -> None:
        async with Watcher(open_backend=ScriptedBackend) as watcher:
            waiting = asyncio.create_task(watcher.next_batch())
            await asyncio.sleep(0)
            with pytest.raises(RuntimeError, match="one task at a time"):
                await watcher.next_batch()
            await watcher.stop()
            assert await waiting is None

    asyncio.run(main())


def test_a_cancelled_wait_loses_nothing_and_stop_ends_the_iteration(tmp_path: Path) -> None:
    backend = ScriptedBackend()

    async def main() -> None:
        watcher = Watcher(open_backend=lambda: backend)
        waiting = asyncio.create_task(watcher.next_batch())
        await asyncio.sleep(0)
        watcher.set_folders(SOURCE, str(tmp_path), frozenset({""}))
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        seen = []
        async for batch in watcher.batches():
            seen.append(batch)
            await watcher.stop()
        assert seen == [Batch(SOURCE, None, Reason.STARTED)]
        assert backend.stopped
        await watcher.stop()
        watcher.set_folders(SOURCE, str(tmp_path), frozenset({""}))
        assert await watcher.next_batch() is None

    asyncio.run(main())


def test_sources_are_in_flight_side_by_side_and_share_one_backend(tmp_path: Path) -> None:
    opened: list[ScriptedBackend] = []

    def open_one() -> ScriptedBackend:
        opened.append(ScriptedBackend())
        return opened[-1]

    async def main() -> None:
        async with Watcher(open_backend=open_one) as watcher:
            for source in (SOURCE, OTHER):
                (tmp_path / source).mkdir()
                watcher.set_folders(source, str(tmp_path / source), frozenset())
            assert {(await take(watcher)).source for _ in "12"} == {SOURCE, OTHER}
            assert len(opened) == 1

    asyncio.run(main())


def test_a_forgotten_source_gives_no_batch(tmp_path: Path) -> None:
    backend = ScriptedBackend()

    async def main() -> None:
        async with Watcher(open_backend=lambda: backend) as watcher:
            watcher.set_folders(SOURCE, str(tmp_path), frozenset())
            await take(watcher)
            watcher.done(SOURCE)
            listener = backend.listeners[str(tmp_path)]
            listener.entry("a.py", is_folder=False)
            watcher.forget(SOURCE)
            listener.entry("b.py", is_folder=False)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(watcher.next_batch(), 0.3)
            assert watcher.state(SOURCE).watches == 0

    asyncio.run(main())


def test_a_failed_consumer_gets_the_source_again(tmp_path: Path) -> None:
    async def main() -> None:
        async with Watcher(open_backend=ScriptedBackend) as watcher:
            watcher.set_folders(SOURCE, str(tmp_path), frozenset())
            await take(watcher)
            watcher.done(SOURCE)
            watcher.rescan(SOURCE)
            assert await take(watcher) == Batch(SOURCE, None, Reason.REQUESTED)

    asyncio.run(main())


def test_folders_watched_later_are_looked_at_again(tmp_path: Path) -> None:
    (tmp_path / "pkg").mkdir()

    async def main() -> None:
        async with Watcher(open_backend=ScriptedBackend) as watcher:
            watcher.set_folders(SOURCE, str(tmp_path), frozenset())
            await take(watcher)
            watcher.done(SOURCE)
            watcher.set_folders(SOURCE, str(tmp_path), frozenset({"pkg"}))
            assert await take(watcher) == Batch(SOURCE, frozenset({"pkg"}), Reason.STARTED)

    asyncio.run(main())


def test_when_the_thread_of_events_ends_sources_are_polled_until_a_new_one_runs(
    tmp_path: Path,
) -> None:
    opened: list[ScriptedBackend] = []

    def open_one() -> ScriptedBackend:
        opened.append(ScriptedBackend())
        return opened[-1]

    async def main() -> None:
        async with Watcher(open_backend=open_one, recheck_seconds=0.4, poll_seconds=0.1) as watcher:
            watcher.set_folders(SOURCE, str(tmp_path), frozenset())
            await take(watcher)
            watcher.done(SOURCE)
            opened[0].alive = False
            assert (await take(watcher)).reason is Reason.PERIODIC
            assert watcher.state(SOURCE).mode is Mode.POLLING
            assert "thread" in watcher.state(SOURCE).reason
            watcher.done(SOURCE)
            while watcher.state(SOURCE).mode is Mode.POLLING:
                await take(watcher)
                watcher.done(SOURCE)
            assert len(opened) == 2
            assert opened[0].stopped

    asyncio.run(main())


def test_a_source_whose_root_moved_is_looked_at_whole(tmp_path: Path) -> None:
    backend = ScriptedBackend()

    async def main() -> None:
        async with Watcher(open_backend=lambda: backend) as watcher:
            for name in ("one", "two"):
                (tmp_path / name).mkdir()
                watcher.set_folders(SOURCE, str(tmp_path / name), frozenset())
                assert await take(watcher) == Batch(SOURCE, None, Reason.STARTED)
                watcher.done(SOURCE)
            backend.listeners[str(tmp_path / "two")].entry("a.py", is_folder=False)
            assert (await take(watcher)).paths == frozenset({"a.py"})

    asyncio.run(main())


def test_a_folder_outside_of_the_source_is_refused_before_anything_is_watched(
    tmp_path: Path,
) -> None:
    async def main() -> None:
        async with Watcher(open_backend=ScriptedBackend) as watcher:
            with pytest.raises(ValueError, match="not a folder of the source"):
                watcher.set_folders(SOURCE, str(tmp_path), frozenset({"../x"}))
            assert watcher.state(SOURCE).reason == "not watched yet"

    asyncio.run(main())
