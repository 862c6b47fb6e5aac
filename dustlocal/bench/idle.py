"""What the daemon costs while nothing happens: writes, processor time and memory."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dustlocal import api
from dustlocal.bench.clones import copy_sources
from dustlocal.bench.made_vectors import fill_vectors
from dustlocal.bench.processes import Usage, usage
from dustlocal.bench.sandbox import NO_MODEL, Narration, Sandbox, open_sandbox
from dustlocal.bench.table import table

_QUIET_SECONDS: Final = 15.0
"""How long after the last request the daemon counts as idle: helpers linger for some seconds."""


@dataclass(frozen=True, slots=True)
class Idle:
    """Of the daemon's whole process tree, over `seconds`. `touched` are files that changed."""

    seconds: float
    chunks: int
    processes: int
    written_bytes: int
    touched: tuple[str, ...]
    cpu_percent: float
    memory_megabytes: float


def measure(path: Path, seconds: float, model: str, narration: Narration) -> Idle:
    """Index a copy of the source around `path`, search it once, and then leave it alone.

    With a model the vectors are made up, so that what search keeps in memory is there.
    """
    with open_sandbox(narration, model=NO_MODEL) as sandbox:
        root = sandbox.new_folder("source")
        copy_sources(path, root)
        info = sandbox.complete(sandbox.add(root).id)
        if model != NO_MODEL:
            sandbox.stop()
            sandbox.configure(model)
            fill_vectors(sandbox, info.id)
        scope = api.Scope(sources=(info.id,))
        sandbox.client.ask(api.AskRequest(question="how are errors handled?", scope=scope))
        pid = sandbox.client.hello().pid
        narration.say(f"nothing happens for {seconds:.0f} s")
        time.sleep(min(_QUIET_SECONDS, seconds))
        return _watch(sandbox, pid, info.coverage.chunks, seconds)


def _watch(sandbox: Sandbox, pid: int, chunks: int, seconds: float) -> Idle:
    files = modified(sandbox.places.data.parent)
    before, began = usage(pid), time.perf_counter()
    time.sleep(seconds)
    after, took = usage(pid), time.perf_counter() - began
    return Idle(
        seconds=round(took, 1),
        chunks=chunks,
        processes=after.processes,
        written_bytes=after.written_bytes - before.written_bytes,
        touched=touched(files, modified(sandbox.places.data.parent)),
        cpu_percent=cpu_percent(before, after, took),
        memory_megabytes=round(after.memory_bytes / 1e6, 1),
    )


def cpu_percent(before: Usage, after: Usage, seconds: float) -> float:
    """Processor time between two moments, in percent of one core."""
    return round(100 * (after.cpu_seconds - before.cpu_seconds) / seconds, 2)


def modified(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and modification time (ns) of every file below `folder`; links are not followed."""
    facts = {file: file.lstat() for file in folder.rglob("*") if not file.is_dir()}
    return {
        file.relative_to(folder).as_posix(): (found.st_size, found.st_mtime_ns)
        for file, found in facts.items()
    }


def touched(
    before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]]
) -> tuple[str, ...]:
    """The files that differ between two looks, came or went."""
    names = before.keys() | after.keys()
    return tuple(sorted(name for name in names if before.get(name) != after.get(name)))


def describe(done: Idle) -> str:
    """The table."""
    rows = [
        ("bytes written", str(done.written_bytes)),
        ("files touched", ", ".join(done.touched) or "none"),
        ("share of one core", f"{done.cpu_percent} %"),
        ("memory (PSS)", f"{done.memory_megabytes} MB in {done.processes} processes"),
    ]
    return table((f"idle for {done.seconds:.0f} s, {done.chunks} chunks", "figure"), rows)
