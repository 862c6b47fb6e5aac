"""How fast a source becomes searchable, how much memory that takes, and what no change costs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

from dustlocal import api
from dustlocal.bench.clones import copy_sources
from dustlocal.bench.processes import watched_memory
from dustlocal.bench.sandbox import NO_MODEL, Narration, Sandbox, open_sandbox
from dustlocal.bench.stored import indexed_paths
from dustlocal.bench.synthetic import write_repository
from dustlocal.bench.table import table

_REPEATS: Final = 5
_VECTOR_SECONDS: Final = 30.0
_SAMPLE: Final = (60, 0.7)
"""Files and megabytes that vectors are made for where the source is made up."""

Fill = Callable[[Path], object]


@dataclass(frozen=True, slots=True)
class IndexSpeed:
    """Seconds from nothing until all files are searchable by words, and what follows from them.

    Megabytes (10^6 bytes) are those of the indexed files; memory is the daemon's process tree's.
    `vectors_per_second` is None where no model was to be measured.
    """

    files: int
    skipped: int
    megabytes: float
    chunks: int
    lexical_seconds: float
    files_per_second: float
    megabytes_per_second: float
    peak_memory_megabytes: float
    unchanged_seconds: float
    stored_megabytes: float
    vectors_per_second: float | None


def of_synthetic(files: int, megabytes: float, model: str, narration: Narration) -> IndexSpeed:
    """Measure on a made-up repository of that size, and vectors on a small one."""
    return _measure(
        lambda folder: write_repository(folder, files, megabytes),
        lambda folder: write_repository(folder, *_SAMPLE),
        model,
        narration,
    )


def of_source(path: Path, model: str, narration: Narration) -> IndexSpeed:
    """Measure on a copy of the files that belong to the source around `path`."""

    def copy(folder: Path) -> int:
        return copy_sources(path, folder)

    return _measure(copy, copy, model, narration)


def _measure(fill: Fill, fill_sample: Fill, model: str, narration: Narration) -> IndexSpeed:
    with open_sandbox(narration, model=NO_MODEL) as sandbox:
        root = sandbox.new_folder("source")
        narration.say("writing the source")
        fill(root)
        lexical = _lexical(sandbox, root)
    rate = None if model == NO_MODEL else _vector_rate(fill_sample, model, narration)
    seconds, megabytes = lexical.seconds, lexical.bytes / 1e6
    return IndexSpeed(
        files=lexical.info.coverage.indexed,
        skipped=lexical.info.coverage.skipped,
        megabytes=round(megabytes, 2),
        chunks=lexical.info.coverage.chunks,
        lexical_seconds=round(seconds, 2),
        files_per_second=round(lexical.info.coverage.indexed / seconds, 1),
        megabytes_per_second=round(megabytes / seconds, 2),
        peak_memory_megabytes=round(lexical.peak_bytes / 1e6, 1),
        unchanged_seconds=round(lexical.unchanged_seconds, 3),
        stored_megabytes=round(lexical.stored_bytes / 1e6, 2),
        vectors_per_second=rate,
    )


@dataclass(frozen=True, slots=True)
class _Lexical:
    info: api.SourceInfo
    bytes: int
    stored_bytes: int
    seconds: float
    peak_bytes: int
    unchanged_seconds: float


def _lexical(sandbox: Sandbox, root: Path) -> _Lexical:
    pid = sandbox.client.hello().pid
    sandbox.narration.say("indexing from nothing")
    with watched_memory(pid) as peak:
        began = time.perf_counter()
        info = sandbox.add(root)
        seconds = time.perf_counter() - began
    sandbox.narration.say("indexing again, nothing changed")
    unchanged = [_timed(lambda: sandbox.complete(info.id)) for _ in range(_REPEATS)]
    indexed = _indexed_bytes(sandbox, info)
    sandbox.stop()
    stored = sum(file.stat().st_size for file in sandbox.places.index.iterdir())
    return _Lexical(info, indexed, stored, seconds, peak.memory_bytes, median(unchanged))


def _timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _indexed_bytes(sandbox: Sandbox, info: api.SourceInfo) -> int:
    paths = indexed_paths(sandbox, info.id)
    return sum(os.lstat(os.path.join(info.root, path)).st_size for path in paths)


class _Enough(Exception):
    """The rate is known; the rest need not be waited for."""


@dataclass(slots=True)
class _Pace:
    """When how many vectors were there. Raises `_Enough` after a while."""

    points: list[tuple[float, int]] = field(default_factory=list)

    def __call__(self, event: api.Event) -> None:
        if isinstance(event, api.Progress) and event.phase == "vectors":
            self.points.append((time.perf_counter(), event.done))
            if self.points[-1][0] - self.points[0][0] > _VECTOR_SECONDS:
                raise _Enough

    def rate(self) -> float | None:
        """Vectors a second between the first and the last report; None before there are two."""
        if len(self.points) < 2:
            return None
        (began, before), (ended, after) = self.points[0], self.points[-1]
        return round((after - before) / (ended - began), 1)


def _vector_rate(fill: Fill, model: str, narration: Narration) -> float | None:
    """Vectors a second as the daemon makes them: one core, lowest priority."""
    pace = _Pace()
    with open_sandbox(Narration(narration.say, pace), model=model) as sandbox:
        root = sandbox.new_folder("sample")
        fill(root)
        narration.say(f"making vectors for up to {_VECTOR_SECONDS:.0f} s")
        try:
            sandbox.complete(sandbox.add(root).id)
        except _Enough:
            narration.say("the rate is known; stopping there")
    return pace.rate()


def describe(done: IndexSpeed) -> str:
    """The table."""
    vectors = "not measured" if done.vectors_per_second is None else str(done.vectors_per_second)
    ratio = done.stored_megabytes / done.megabytes if done.megabytes else 0.0
    rows = [
        ("files indexed (skipped)", f"{done.files} ({done.skipped})"),
        ("MB indexed, chunks", f"{done.megabytes}, {done.chunks}"),
        ("from nothing to searchable by words", f"{done.lexical_seconds} s"),
        ("files a second", str(done.files_per_second)),
        ("MB a second", str(done.megabytes_per_second)),
        ("peak memory of the process tree (PSS)", f"{done.peak_memory_megabytes} MB"),
        ("again, nothing changed (daemon)", f"{done.unchanged_seconds} s"),
        ("stored, without vectors", f"{done.stored_megabytes} MB, {ratio:.2f}x the text"),
        ("vectors a second", vectors),
    ]
    return table(("index", "figure"), rows)
