"""Reading and preparing many files: here when they are few, with the help of processes else.

Parsing holds Python's lock, so only processes help; this one works along with them from the first
moment, while they still start. They end with the process that started them,
even when that one is killed and has no chance to tell them.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from itertools import islice
from multiprocessing.connection import wait
from typing import Final

from indexer import ingest
from indexer.ingest import Outcome
from indexer.parsing_mark import ParsingMark

# A path, and the contents of it that the store has already.
Job = tuple[str, frozenset[bytes]]

# Starting a pool costs a third of a second on another core; below this it would not pay.
_POOL_FILES: Final = 100
# Results that wait to be written are bounded, so a slow disk can't fill the memory.
_IN_FLIGHT: Final = 32


@contextmanager
def preparing(
    root: str,
    limit: int,
    jobs: Iterable[Job],
    *,
    count: int,
    processes: int,
    source: str,
    mark: ParsingMark,
) -> Iterator[Iterator[Outcome]]:
    """The outcomes of `count` jobs, in their order. Files beyond `limit` bytes are skipped.

    What is parsed in this process is marked. If a process of the pool crashes, the rest is parsed
    in this one: only so is it known which file crashes it.
    """
    prepare = partial(_prepare, root, limit)

    def here(remaining: Iterable[Job]) -> Iterator[Outcome]:
        for job in remaining:
            mark.set(source, job[0])
            outcome = prepare(job)
            mark.clear()
            yield outcome

    if processes < 2 or count < _POOL_FILES:
        yield here(jobs)
        return
    # Not fork: the parent has threads and open databases. Not forkserver: it would stay.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes - 1, mp_context=context, initializer=_follow_parent) as pool:
        try:
            yield _shared(pool, prepare, iter(jobs), here)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _prepare(root: str, limit: int, job: Job) -> Outcome:
    path, known = job
    return ingest.read_and_prepare(root, path, limit, known)


def _shared(
    pool: ProcessPoolExecutor,
    prepare: partial[Outcome],
    jobs: Iterator[Job],
    here: Callable[[Iterable[Job]], Iterator[Outcome]],
) -> Iterator[Outcome]:
    """Outcomes in the jobs' order; while the next is not ready, this process takes a job itself."""
    waiting: deque[tuple[Job, Future[Outcome]]] = deque()
    submitted: list[Job] = []
    try:
        while True:
            for job in islice(jobs, _IN_FLIGHT - len(waiting)):
                submitted.append(job)
                waiting.append((job, pool.submit(prepare, job)))
                submitted.clear()
            if not waiting:
                return
            if waiting[0][1].done() or not _take_one(waiting, here):
                yield waiting[0][1].result()
                waiting.popleft()
    except BrokenProcessPool:
        yield from here([*(job for job, _ in waiting), *submitted, *jobs])


def _take_one(
    waiting: deque[tuple[Job, Future[Outcome]]],
    here: Callable[[Iterable[Job]], Iterator[Outcome]],
) -> bool:
    """Do the last job that the pool has not begun, in its place; False if there is none."""
    for place in reversed(range(len(waiting))):
        job, future = waiting[place]
        if not future.done() and future.cancel():
            done: Future[Outcome] = Future()
            done.set_result(next(here([job])))
            waiting[place] = (job, done)
            return True
    return False


def _follow_parent() -> None:
    """In a process of the pool: end when the parent does.

    By itself it would wait for ever on a queue whose other end it holds itself.
    """
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
