"""Reading and preparing many files: here when they are few, in a pool of processes else.

Parsing holds Python's lock, so only processes help. They end with the process that started them,
even when that one is killed and has no chance to tell them.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import islice
from multiprocessing.connection import wait
from typing import Final

from indexer import ingest
from indexer.ingest import Outcome

# A path, and the contents of it that the store has already.
Job = tuple[str, frozenset[bytes]]

# Starting a pool costs a third of a second a process; below this it would not pay.
_POOL_FILES: Final = 400
# Results that wait to be written are bounded, so a slow disk can't fill the memory.
_IN_FLIGHT: Final = 32


@contextmanager
def preparing(
    root: str, limit: int, jobs: Iterable[Job], *, count: int, processes: int
) -> Iterator[Iterator[Outcome]]:
    """The outcomes of `count` jobs, in their order. Files beyond `limit` bytes are skipped."""
    prepare = partial(_prepare, root, limit)
    if processes < 2 or count < _POOL_FILES:
        yield map(prepare, jobs)
        return
    # Not fork: the parent has threads and open databases. Not forkserver: it would stay.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_follow_parent) as pool:
        try:
            yield _windowed(pool, prepare, iter(jobs))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _prepare(root: str, limit: int, job: Job) -> Outcome:
    path, known = job
    return ingest.read_and_prepare(root, path, limit, known)


def _windowed(
    pool: ProcessPoolExecutor, prepare: partial[Outcome], jobs: Iterator[Job]
) -> Iterator[Outcome]:
    waiting: list[Future[Outcome]] = [pool.submit(prepare, job) for job in islice(jobs, _IN_FLIGHT)]
    while waiting:
        outcome = waiting.pop(0).result()
        waiting.extend(pool.submit(prepare, job) for job in islice(jobs, 1))
        yield outcome


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
