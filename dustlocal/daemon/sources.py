"""What the daemon knows of each source besides what is stored: its state, and work under way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from dustlocal.api import CoverageInfo, Progress, SourceInfo
from dustlocal.daemon.settings import Chosen
from indexer.model import Source, SourceId

Phase = Literal["files", "commits", "vectors"]
State = Literal["indexing", "ready", "missing", "failed"]


@dataclass(slots=True)
class Pace:
    """Progress of one phase, and how fast it goes."""

    started: float = field(default_factory=time.monotonic)
    done: int = 0
    total: int = 0

    def at(self, done: int, total: int) -> float | None:
        """Note progress; the seconds to go at the pace so far, None before there is one."""
        if done < self.done:  # a job that was stopped begins anew
            self.started = time.monotonic()
        self.done, self.total = done, total
        return self.eta_seconds()

    def eta_seconds(self) -> float | None:
        """Seconds to go at the pace so far; None before there is one."""
        if not self.done:
            return None
        elapsed = time.monotonic() - self.started
        return round((self.total - self.done) * elapsed / self.done, 1)


@dataclass(slots=True)
class SourceState:
    """One source. Written by the event loop's thread, read by any.

    `dirty_since` is when a change was first heard of that is not indexed yet; a source that has
    just become known counts as changed, because nobody has looked at it.
    """

    source: Source
    chosen: Chosen
    state: State = "indexing"
    problem: str = ""
    dirty_since: float | None = field(default_factory=time.monotonic)
    paces: dict[Phase, Pace] = field(default_factory=dict)
    passed: asyncio.Event = field(default_factory=asyncio.Event)
    clean: asyncio.Event = field(default_factory=asyncio.Event)
    refreshes: int = 0

    @property
    def id(self) -> SourceId:
        """The source's id."""
        return self.source.id

    def begin(self) -> None:
        """Something changed on the disk, or may have: it is being looked at."""
        self.refreshes += 1
        self.clean.clear()
        if self.dirty_since is None:
            self.dirty_since = time.monotonic()

    def end(self, state: State, problem: str = "") -> None:
        """That look is over, and this is how it went."""
        self.state, self.problem = state, problem
        self.passed.set()
        self.give_up()

    def give_up(self) -> None:
        """That look is over. The last one of several at once leaves the source clean."""
        self.refreshes -= 1
        if self.refreshes == 0 and self.passed.is_set():
            self.dirty_since = None
            self.clean.set()

    def progressed(self, phase: Phase, done: int, total: int) -> Progress:
        """Note progress, and say it as an event."""
        eta = self.paces.setdefault(phase, Pace()).at(done, total)
        return Progress(
            source=self.source.name, phase=phase, done=done, total=total, eta_seconds=eta
        )

    def finished(self, phase: Phase) -> None:
        """The phase is over."""
        self.paces.pop(phase, None)

    def vectors_eta(self) -> float | None:
        """Seconds until the vectors are complete, None when nobody can tell."""
        pace = self.paces.get("vectors")
        return pace.eta_seconds() if pace else None

    def left(self, phase: Phase) -> int:
        """How much of a phase is known to be left."""
        pace = self.paces.get(phase)
        return pace.total - pace.done if pace else 0


def with_pending(
    states: Iterable[SourceState], info: CoverageInfo, waited: float = 0.0
) -> CoverageInfo:
    """Stored coverage together with what is known to be on its way.

    `waited` is for how long a change has been heard of that nobody looks at yet.
    """
    seen = list(states)
    now = time.monotonic()
    behind = [now - state.dirty_since for state in seen if state.dirty_since is not None]
    notes = [f"{state.source.name}: {state.problem}" for state in seen if state.problem]
    return msgspec.structs.replace(
        info,
        pending=max(info.pending, sum(state.left("files") for state in seen)),
        commits_pending=max(info.commits_pending, sum(state.left("commits") for state in seen)),
        seconds_behind=round(max([info.seconds_behind, waited, *behind]), 3),
        notes=(*info.notes, *notes),
    )


def source_info(
    state: SourceState,
    info: CoverageInfo,
    watching: Literal["watching", "polling", "off"],
    reason: str,
) -> SourceInfo:
    """A source as clients see it."""
    return SourceInfo(
        id=state.id,
        name=state.source.name,
        root=state.source.root,
        state=state.state,
        coverage=info,
        watching=watching,
        watching_reason=reason,
        trusted=state.chosen.trusted,
        problem=state.problem or state.chosen.problem,
        vectors_eta_seconds=state.vectors_eta(),
    )
