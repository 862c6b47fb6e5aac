"""A lane runs one job at a time, the most urgent first, and survives its process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
import pytest

from dustlocal.daemon import workers
from dustlocal.daemon.jobs import (
    Broke,
    Command,
    Counted,
    Ended,
    Progressed,
    RefreshCommits,
    RefreshFiles,
    RemoveSource,
    Report,
    Start,
    Stop,
)
from dustlocal.daemon.workers import Lane, Urgency
from dustlocal.errors import DaemonStopping, ErrorBody, GitError, ScopeError, WorkerDied
from indexer.model import SourceId

A, B = SourceId("a"), SourceId("b")


class ScriptedProcess:
    """Stands in for a worker: records commands, and says what the test makes it say."""

    started = 0.0

    def __init__(self) -> None:
        self.commands: list[Command] = []
        self.is_listened_to = False
        self.is_dead = False
        self._say: Callable[[Report], None] = lambda _: None
        self._end: Callable[[], None] = lambda: None

    def listen(self, on_report: Callable[[Report], None], on_end: Callable[[], None]) -> None:
        self._say, self._end, self.is_listened_to = on_report, on_end, True

    def send(self, command: Command) -> None:
        if self.is_dead:
            raise WorkerDied("dead")
        self.commands.append(command)

    def end(self, patience: float) -> str:
        self.is_dead = True
        return "killed by SIGKILL"

    async def started_job(self, number: int = 1) -> Start:
        """The job that was started as the `number`th."""
        while len(starts := [each for each in self.commands if isinstance(each, Start)]) < number:
            await asyncio.sleep(0)
        return starts[number - 1]

    def finish(self, start: Start, count: int = 0, *, stopped: bool = False) -> None:
        raw = msgspec.Raw(msgspec.json.encode(Counted(count)))
        self._say(Ended(id=start.id, result=raw, stopped=stopped))

    def say(self, report: Report) -> None:
        self._say(report)

    def die(self) -> None:
        self.is_dead = True
        self._end()


def run(test: Callable[[Lane, list[ScriptedProcess]], Coroutine[Any, Any, None]]) -> None:
    """Run `test` with a lane whose processes are scripted; the last of them is the newest."""

    async def body() -> None:
        processes: list[ScriptedProcess] = []

        def start(_: str) -> ScriptedProcess:
            processes.append(ScriptedProcess())
            return processes[-1]

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(workers, "Process", start)
            patch.setattr(workers, "_PAUSES", (0.0,))
            lane = Lane("ingest", start("ingest"))  # type: ignore[arg-type]
            running = asyncio.create_task(lane.run())
            async with asyncio.timeout(20):
                await test(lane, processes)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    asyncio.run(body())


def submit(lane: Lane, job: Any, urgency: Urgency, **more: Any) -> asyncio.Task[Any]:
    return asyncio.create_task(lane.submit(job, urgency, **more))


def test_a_job_gets_its_result_and_its_progress() -> None:
    async def test(lane: Lane, processes: list[ScriptedProcess]) -> None:
        seen: list[tuple[int, int]] = []
        waiting = submit(
            lane,
            RefreshCommits(source=A),
            Urgency.HISTORY,
            on_progress=lambda *at: seen.append(at),
        )
        start = await processes[0].started_job()
        processes[0].say(Progressed(id=start.id, done=1, total=2))
        processes[0].say(Progressed(id=start.id + 1, done=9, total=9))
        processes[0].finish(start, 7)
        assert await waiting == Counted(7)
        assert seen == [(1, 2)]
        await lane.wait_idle()

    run(test)


def test_an_urgent_job_interrupts_and_the_other_runs_again() -> None:
    async def test(lane: Lane, processes: list[ScriptedProcess]) -> None:
        slow = submit(lane, RefreshCommits(source=A), Urgency.HISTORY)
        first = await processes[0].started_job()
        urgent = submit(lane, RemoveSource(source=B), Urgency.INTERACTIVE)
        while Stop(id=first.id) not in processes[0].commands:
            await asyncio.sleep(0)
        processes[0].finish(first, stopped=True)
        second = await processes[0].started_job(2)
        assert second.job == RemoveSource(source=B)
        processes[0].finish(second, 1)
        assert await urgent == Counted(1)
        third = await processes[0].started_job(3)
        assert third.job == RefreshCommits(source=A)
        assert third.id != first.id, "the old request to stop would end it again"
        processes[0].finish(third, 5)
        assert await slow == Counted(5)

    run(test)


def test_jobs_wait_in_the_order_of_their_urgency() -> None:
    async def test(lane: Lane, processes: list[ScriptedProcess]) -> None:
        jobs = [
            submit(lane, RefreshFiles(source=SourceId(str(urgency))), urgency)
            for urgency in reversed(Urgency)
        ]
        order = []
        for number in range(1, 5):
            start = await processes[0].started_job(number)
            order.append(start.job.source)
            processes[0].finish(start)
        await asyncio.gather(*jobs)
        assert order == [str(urgency) for urgency in Urgency]

    run(test)


def test_the_error_of_a_job_is_raised_as_itself() -> None:
    async def test(lane: Lane, processes: list[ScriptedProcess]) -> None:
        waiting = submit(lane, RefreshCommits(source=A), Urgency.HISTORY)
        start = await processes[0].started_job()
        processes[0].say(Broke(id=start.id, error=ErrorBody(code="GitError", message="no git")))
        with pytest.raises(GitError, match="no git"):
            await waiting

    run(test)


def test_a_process_that_dies_is_replaced_and_the_job_tried_again() -> None:
    async def test(lane: Lane, processes: list[ScriptedProcess]) -> None:
        waiting = submit(lane, RefreshCommits(source=A), Urgency.HISTORY)
        await processes[0].started_job()
        processes[0].die()
        while len(processes) < 2:
            await asyncio.sleep(0)
        processes[1].finish(await processes[1].started_job(), 3)
        assert await waiting == Counted(3)

    run(test)


def test_a_job_that_kills_its_process_three_times_fails_and_the_lane_goes_on() -> None:
    async def test(lane: Lane, processes: list[ScriptedProcess]) -> None:
        deadly = submit(lane, RefreshFiles(source=A), Urgency.CHANGED)
        for number in (1, 2, 3):
            while len(processes) < number:
                await asyncio.sleep(0)
            await processes[-1].started_job()
            processes[-1].die()
        with pytest.raises(WorkerDied, match="3 times in a row in RefreshFiles of a: killed by"):
            await deadly
        healthy = submit(lane, RefreshFiles(source=B), Urgency.CHANGED)
        while len(processes) < 4:
            await asyncio.sleep(0)
        processes[3].finish(await processes[3].started_job())
        await healthy

    run(test)


def test_a_process_that_died_while_idle_costs_nobody_anything() -> None:
    async def test(lane: Lane, processes: list[ScriptedProcess]) -> None:
        processes[0].is_dead = True
        waiting = submit(lane, RefreshCommits(source=A), Urgency.HISTORY)
        while len(processes) < 2:
            await asyncio.sleep(0)
        processes[1].finish(await processes[1].started_job(), 1)
        assert await waiting == Counted(1)

    run(test)


def test_removing_a_source_takes_its_jobs_back() -> None:
    async def test(lane: Lane, processes: list[ScriptedProcess]) -> None:
        running = submit(lane, RefreshFiles(source=A), Urgency.CHANGED)
        start = await processes[0].started_job()
        waiting = submit(lane, RefreshCommits(source=A), Urgency.HISTORY)
        await asyncio.sleep(0)
        lane.cancel(A)
        for job in (running, waiting):
            with pytest.raises(ScopeError, match="removed"):
                await job
        assert processes[0].commands[-1] == Stop(id=start.id)
        processes[0].finish(start, stopped=True)
        await lane.wait_idle()
        assert len([each for each in processes[0].commands if isinstance(each, Start)]) == 1

    run(test)


def test_jobs_that_may_not_run_wait_for_the_nudge() -> None:
    async def test(lane: Lane, processes: list[ScriptedProcess]) -> None:
        allowed = False
        lane.may_run = lambda urgency: allowed or urgency < Urgency.BACKGROUND
        held = submit(lane, RefreshFiles(source=A), Urgency.BACKGROUND)
        through = submit(lane, RefreshFiles(source=B), Urgency.CHANGED)
        start = await processes[0].started_job()
        assert start.job.source == B
        processes[0].finish(start)
        await through
        assert not lane.is_idle
        allowed = True
        lane.nudge()
        processes[0].finish(await processes[0].started_job(2))
        await held

    run(test)


def test_closing_fails_what_waits_and_takes_nothing_new() -> None:
    async def test(lane: Lane, processes: list[ScriptedProcess]) -> None:
        running = submit(lane, RefreshFiles(source=A), Urgency.CHANGED)
        await processes[0].started_job()
        await lane.close()
        with pytest.raises(DaemonStopping):
            await running
        with pytest.raises(DaemonStopping):
            await lane.submit(RefreshFiles(source=A), Urgency.CHANGED)

    run(test)
