"""What a daemon and everything it started cost: memory, processor time and bytes written."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

_SAMPLE_SECONDS = 0.25
"""How often memory is looked at: a look takes 10 ms, an indexing process lives for seconds."""

_ENDING_SECONDS = 5.0

_GONE = (psutil.NoSuchProcess, psutil.AccessDenied)
"""A process may end between being listed and being asked."""


@dataclass(frozen=True, slots=True)
class Usage:
    """A process tree at one moment. Seconds of all its processes, ended ones included."""

    processes: int
    memory_bytes: int
    cpu_seconds: float
    written_bytes: int


def usage(pid: int) -> Usage:
    """What the process `pid` and its descendants have used.

    Memory is the proportional set size: pages that processes share are counted once. Written
    bytes are those sent towards a disk (`write_bytes` of proc(5)), where the system tells.
    """
    root = psutil.Process(pid)
    memory = written = count = 0
    ended = root.cpu_times()
    cpu = ended.children_user + ended.children_system
    for process in (root, *root.children(recursive=True)):
        with contextlib.suppress(*_GONE):
            times = process.cpu_times()
            memory += proportional_bytes(process)
            cpu += times.user + times.system
            written += _written(process)
            count += 1
    return Usage(count, memory, cpu, written)


def proportional_bytes(process: psutil.Process) -> int:
    """The proportional set size; the unshared memory where the system has no such figure."""
    info = process.memory_full_info()
    return int(getattr(info, "pss", info.uss))


def _written(process: psutil.Process) -> int:
    counters = getattr(process, "io_counters", None)  # macOS has none
    return int(counters().write_bytes) if counters else 0


def end_processes_with(variable: str, value: str) -> int:
    """Kill this user's processes that were started with `variable=value`; returns how many.

    The value has to be one that only our own processes can have.
    """
    ours = [
        process
        for process in psutil.process_iter()
        if process.pid != os.getpid() and _environment(process).get(variable) == value
    ]
    for process in ours:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(ours, timeout=_ENDING_SECONDS)
    return len(ours)


def _environment(process: psutil.Process) -> dict[str, str]:
    """What `process` was started with; nothing for one that is gone, or somebody else's."""
    with contextlib.suppress(*_GONE, OSError):
        return dict(process.environ())
    return {}


@dataclass(slots=True)
class Peak:
    """The most memory that was seen so far, in bytes."""

    memory_bytes: int = 0


@contextmanager
def watched_memory(pid: int) -> Iterator[Peak]:
    """Watch the memory of a process tree during the `with` block."""
    peak, done = Peak(), threading.Event()

    def watch() -> None:
        with contextlib.suppress(*_GONE):
            while True:
                peak.memory_bytes = max(peak.memory_bytes, usage(pid).memory_bytes)
                if done.wait(_SAMPLE_SECONDS):
                    return

    watcher = threading.Thread(target=watch, name="memory")
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()
