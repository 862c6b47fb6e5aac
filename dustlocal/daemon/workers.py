"""The jobs that wait for a worker process, and the process's life.

One job runs at a time; the most urgent waits least, and a running job of lower urgency is asked
to make room (jobs are small steps over a store, so one that stopped is simply run again). A
worker that dies is started again, after a pause that grows; the job that it died of is tried a
few times more (a file that crashes its parser is put aside after two) and then fails, so that no
input can keep a worker dying.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from itertools import count
from typing import Any

import msgspec

from dustlocal.daemon.jobs import Broke, Ended, Job, Progressed, Report, Start, Stop
from dustlocal.daemon.process import Process
from dustlocal.errors import DaemonStopping, DustLocalError, ScopeError, WorkerDied, raised_from
from indexer.model import SourceId

log = logging.getLogger(__name__)

OnProgress = Callable[[int, int], None]

_ATTEMPTS = 3
_PAUSES = (0.0, 0.5, 2.0, 10.0, 60.0)
"""Seconds before a worker that died is started again, by how often it died in a row."""

_HEALTHY_SECONDS = 60.0
"""A worker that lived this long starts again without a pause when it dies."""


class Urgency(IntEnum):
    """How soon a job has to run: lower runs first, and interrupts higher."""

    INTERACTIVE = 0
    CHANGED = 1
    BACKGROUND = 2
    HISTORY = 3


@dataclass(slots=True, eq=False)
class _Task:
    job: Job
    urgency: Urgency
    order: int
    done: asyncio.Future[Any]
    on_progress: OnProgress
    renew: Callable[[], Job] | None = None
    deaths: int = 0
    run: int = 0
    """The number of its latest run: a `Stop` that was meant for one run never ends the next."""

    def __lt__(self, other: _Task) -> bool:
        return (self.urgency, self.order) < (other.urgency, other.order)


def _no_progress(_done: int, _total: int) -> None:
    return None


def _nothing() -> None:
    return None


def _any_urgency(_urgency: Urgency) -> bool:
    return True


class Lane:
    """A worker process of one role and its jobs. Everything belongs to the event loop's thread.

    The process is started when there is a job for it, unless one is given; `rest` ends it.
    `on_busy` and `on_idle` tell when work comes and when there is none left; `may_run` may hold
    back jobs of some urgency, until `nudge`.
    """

    def __init__(self, role: str, process: Process | None = None) -> None:
        self.role = role
        self.process = process
        self.on_busy: Callable[[], None] = _nothing
        self.on_idle: Callable[[], None] = _nothing
        self.may_run: Callable[[Urgency], bool] = _any_urgency
        self._current: _Task | None = None
        self._report: asyncio.Future[Report] | None = None
        self._waiting: list[_Task] = []
        self._numbers = count(1)
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._deaths = 0
        self._closed = False

    @property
    def is_idle(self) -> bool:
        """Whether nothing runs and nothing waits."""
        return self._current is None and not self._waiting

    async def wait_idle(self) -> None:
        """Return when nothing runs and nothing waits."""
        while not self.is_idle:
            self._idle.clear()
            await self._idle.wait()

    async def submit(
        self,
        job: Job,
        urgency: Urgency,
        on_progress: OnProgress = _no_progress,
        *,
        renew: Callable[[], Job] | None = None,
    ) -> Any:
        """The result of a job (of the type that it names), when its turn has come.

        `renew` makes the job anew when it starts, from what is known by then. Cancelling the wait
        takes back a waiting job and stops a running one. Errors: the job's own, `WorkerDied`,
        `DaemonStopping`.
        """
        if self._closed:
            raise DaemonStopping("the daemon is stopping", hint="run the command again")
        done = asyncio.get_running_loop().create_future()
        task = _Task(job, urgency, next(self._numbers), done, on_progress, renew)
        heapq.heappush(self._waiting, task)
        self._wake.set()
        self.on_busy()
        if self._current is not None and urgency < self._current.urgency:
            self._stop_current()
        try:
            return await done
        finally:
            if task is self._current and done.cancelled():
                self._stop_current()

    def cancel(self, source: SourceId) -> None:
        """Take back every job of a source: it is being removed."""
        for task in self._all():
            if task.job.source == source and not task.done.done():
                task.done.set_exception(ScopeError("the source was removed meanwhile"))
                if task is self._current:
                    self._stop_current()

    def step_back(self) -> None:
        """Ask the running job to stop if it may no longer run; it goes back to the queue."""
        if self._current is not None and not self.may_run(self._current.urgency):
            self._stop_current()

    def nudge(self) -> None:
        """Look again whether what waits may run."""
        self._wake.set()

    async def run(self) -> None:
        """Run jobs until cancelled."""
        while True:
            task = await self._next()
            self._current = task
            try:
                await self._run(task)
            finally:
                self._current = None

    async def rest(self, patience: float = 3.0) -> None:
        """End the process, if there is one; the next job starts another."""
        process, self.process = self.process, None
        if process is not None:
            ending = await asyncio.to_thread(process.end, patience)
            log.debug("the %s process has left: %s", self.role, ending)

    async def close(self) -> None:
        """End the process and fail everything that waits."""
        self._closed = True
        self._stop_current()
        for task in self._all():
            if not task.done.done():
                task.done.set_exception(DaemonStopping("the daemon is stopping"))
                task.done.exception()  # Seen: whoever waited may be gone already.
        await self.rest()

    async def _next(self) -> _Task:
        while True:
            self._waiting = [task for task in self._waiting if not task.done.done()]
            heapq.heapify(self._waiting)
            if self._waiting and self.may_run(self._waiting[0].urgency):
                return heapq.heappop(self._waiting)
            if not self._waiting:
                self._idle.set()
                self.on_idle()
            self._wake.clear()
            await self._wake.wait()

    async def _run(self, task: _Task) -> None:
        try:
            report = await self._perform(task)
        except WorkerDied:
            await self._after_death(task)
            return
        if task.done.done():
            return
        if isinstance(report, Broke):
            task.done.set_exception(raised_from(report.error))
        elif isinstance(report, Ended) and report.stopped:
            heapq.heappush(self._waiting, task)
        elif isinstance(report, Ended):
            task.done.set_result(msgspec.json.decode(report.result, type=task.job.result))

    async def _perform(self, task: _Task) -> Report:
        loop = asyncio.get_running_loop()
        self._report = loop.create_future()
        if self.process is None:
            self.process = await asyncio.to_thread(Process, self.role)
        process = self.process
        if not process.is_listened_to:
            process.listen(
                lambda report: _call_soon(loop, self._on_report, report),
                lambda: _call_soon(loop, self._on_end, process),
            )
        if task.renew is not None:
            task.job = task.renew()
        task.run = next(self._numbers)
        process.send(Start(id=task.run, job=task.job))
        if task.done.done() or (self._waiting and self._waiting[0].urgency < task.urgency):
            self._stop_current()
        return await self._report

    async def _after_death(self, task: _Task) -> None:
        process, self.process = self.process, None
        ending = "it could not be started"
        if process is not None:
            if time.monotonic() - process.started > _HEALTHY_SECONDS:
                self._deaths = 0
            ending = await asyncio.to_thread(process.end, 1.0)
        if self._closed:
            return
        log.error("the %s process ended (%s) in %s", self.role, ending, _label(task.job))
        await asyncio.sleep(_PAUSES[min(self._deaths, len(_PAUSES) - 1)])
        self._deaths += 1
        task.deaths += 1
        if task.done.done():
            return
        if task.deaths < _ATTEMPTS:
            heapq.heappush(self._waiting, task)
        else:
            task.done.set_exception(_gave_up(self.role, task.job, ending))

    def _on_report(self, report: Report) -> None:
        task = self._current
        if task is None or report.id != task.run:
            return
        if isinstance(report, Progressed):
            task.on_progress(report.done, report.total)
        elif self._report is not None and not self._report.done():
            self._report.set_result(report)

    def _on_end(self, process: Process) -> None:
        if process is self.process and self._report is not None and not self._report.done():
            self._report.set_exception(WorkerDied(f"the {self.role} process has ended"))

    def _stop_current(self) -> None:
        if self._current is None or self.process is None:
            return
        try:
            self.process.send(Stop(id=self._current.run))
        except WorkerDied:
            log.debug("the %s process ended before it was asked to stop", self.role)

    def _all(self) -> list[_Task]:
        return [*self._waiting, *([self._current] if self._current else [])]


def _call_soon(
    loop: asyncio.AbstractEventLoop, call: Callable[..., None], argument: object
) -> None:
    try:
        loop.call_soon_threadsafe(call, argument)
    except RuntimeError:
        log.debug("a worker spoke after the daemon's loop had ended")


def _label(job: Job) -> str:
    return f"{type(job).__name__} of {job.source or 'a new source'}"


def _gave_up(role: str, job: Job, ending: str) -> DustLocalError:
    return WorkerDied(
        f"the {role} process ended {_ATTEMPTS} times in a row in {_label(job)}: {ending}",
        hint="the daemon's log has the details; `dustlocal doctor` says where it is",
    )
