"""Many hints in, few batches out: the pure part of watching, without a thread or a clock.

A change waits for a short quiet, but never longer than a bound; at most one batch of a source is
in flight; what arrives meanwhile becomes the next one. Times are seconds of a monotonic clock
that the caller passes in, so that the wall clock may jump.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum

from indexer.model import SourceId

QUIET_SECONDS = (0.05, 0.1, 0.2)
"""How long nothing may happen before a change is delivered, by level of activity."""

LATENCY_SECONDS = (0.25, 0.5, 1.0)
"""How long a change may be held back while others keep arriving, by level of activity."""

CALM_SECONDS = 2.0
"""A source without a batch for this long starts again at the lowest level."""

RESCAN_LEVEL = 1
"""Looking at the whole source is dear, so it waits for the end of a checkout a little longer."""

MAX_REST_SECONDS = 1.0
"""After a batch the consumer rests as long as the batch took, up to this."""

MAX_PATHS = 200
"""With more paths than this, walking the source is cheaper than asking for each one."""

_GOLDEN_RATIO = (math.sqrt(5) - 1) / 2


class Reason(StrEnum):
    """Why a batch is due, for people and logs. In a mixed batch the one listed first wins."""

    ROOT_GONE = "root-gone"
    ROOT_BACK = "root-back"
    OVERFLOW = "overflow"
    GIT_HEAD = "git-head"
    GIT_INDEX = "git-index"
    IGNORE_RULES = "ignore-rules"
    FOLDER = "folder"
    TOO_MANY = "too-many"
    STARTED = "started"
    REQUESTED = "requested"
    PERIODIC = "periodic"
    CHANGED = "changed"


_RANK = {reason: rank for rank, reason in enumerate(Reason)}


@dataclass(frozen=True, slots=True)
class Batch:
    """Paths of a source that may have changed: files, or folders whose entries may have.

    Paths are relative to the source ("" is its root). None stands for the whole source.
    """

    source: SourceId
    paths: frozenset[str] | None
    reason: Reason


@dataclass(slots=True)
class _Pending:
    interval: float
    recheck_at: float
    paths: set[str] = field(default_factory=set)
    rescan: Reason | None = None
    started: bool = False
    first: float = math.inf
    last: float = -math.inf
    level: int = 0
    in_flight: bool = False
    is_rescan: bool = False
    taken_at: float = -math.inf
    rest_until: float = -math.inf


class Coalescer:
    """Turns hints into batches, given the time. Hints of an unknown source are dropped."""

    def __init__(self) -> None:
        self._sources: dict[SourceId, _Pending] = {}
        self._added = 0

    def add(self, source: SourceId, interval: float, now: float) -> None:
        """Start a source that is also re-checked each `interval` seconds. Known: does nothing.

        First re-checks are spread over half an interval, so that sources added together are not
        walked together for ever after.
        """
        if source not in self._sources:
            spread = 0.5 + 0.5 * (self._added * _GOLDEN_RATIO % 1)
            self._added += 1
            self._sources[source] = _Pending(interval, now + interval * spread)

    def remove(self, source: SourceId) -> None:
        self._sources.pop(source, None)

    def set_interval(self, source: SourceId, interval: float, now: float) -> None:
        """Change how often a source is re-checked; a shorter interval counts from now."""
        pending = self._sources.get(source)
        if pending is not None and pending.interval != interval:
            pending.interval = interval
            pending.recheck_at = now + interval

    def note(self, source: SourceId, path: str, now: float, *, started: bool = False) -> None:
        """A path may have changed (`started`: it may have before it was watched)."""
        pending = self._sources.get(source)
        if pending is None:
            return
        _touch(pending, now)
        if pending.rescan is None:
            pending.paths.add(path)
            pending.started |= started
            if len(pending.paths) > MAX_PATHS:
                _widen(pending, Reason.STARTED if pending.started else Reason.TOO_MANY)

    def note_rescan(self, source: SourceId, reason: Reason, now: float) -> None:
        """Anything in the source may have changed."""
        pending = self._sources.get(source)
        if pending is not None:
            _touch(pending, now)
            _widen(pending, reason)

    def waiting(self, source: SourceId, now: float) -> float | None:
        """For how many seconds the oldest hint has waited to be taken; None if there is none."""
        pending = self._sources.get(source)
        return None if pending is None or pending.first == math.inf else now - pending.first

    def take(self, now: float) -> Batch | None:
        """The batch that has been due the longest, if any; its source is in flight until `done`."""
        source = min(self._sources, key=lambda each: _due(self._sources[each]), default=None)
        if source is None or _due(self._sources[source]) > now:
            return None
        pending = self._sources[source]
        batch = _batch(source, pending)
        pending.paths, pending.rescan, pending.started = set(), None, False
        pending.first = math.inf
        pending.in_flight, pending.is_rescan = True, batch.paths is None
        pending.taken_at = now
        pending.level = min(pending.level + 1, len(QUIET_SECONDS) - 1)
        return batch

    def done(self, source: SourceId, now: float) -> None:
        """The batch in flight has been dealt with. Nothing in flight: does nothing."""
        pending = self._sources.get(source)
        if pending is None or not pending.in_flight:
            return
        pending.in_flight = False
        pending.rest_until = now + min(now - pending.taken_at, MAX_REST_SECONDS)
        if pending.is_rescan:
            pending.recheck_at = now + pending.interval

    def due(self, source: SourceId) -> float:
        """When the next batch of a source is due, if no further hint comes (infinity: never)."""
        pending = self._sources.get(source)
        return math.inf if pending is None else _due(pending)

    def next_due(self) -> float:
        """When `take` has something next, of any source."""
        return min(map(_due, self._sources.values()), default=math.inf)


def _touch(pending: _Pending, now: float) -> None:
    if pending.first == math.inf:
        if now - max(pending.taken_at, pending.rest_until) >= CALM_SECONDS:
            pending.level = 0
        pending.first = now
    pending.last = now


def _widen(pending: _Pending, reason: Reason) -> None:
    if pending.rescan is None or _RANK[reason] < _RANK[pending.rescan]:
        pending.rescan = reason
    pending.paths.clear()


def _due(pending: _Pending) -> float:
    if pending.in_flight:
        return math.inf
    level = pending.level if pending.rescan is None else max(pending.level, RESCAN_LEVEL)
    hinted = min(pending.last + QUIET_SECONDS[level], pending.first + LATENCY_SECONDS[level])
    hinted = math.inf if pending.first == math.inf else hinted
    return max(min(hinted, pending.recheck_at), pending.rest_until)


def _batch(source: SourceId, pending: _Pending) -> Batch:
    if pending.paths:
        reason = Reason.STARTED if pending.started else Reason.CHANGED
        return Batch(source, frozenset(pending.paths), reason)
    return Batch(source, None, pending.rescan or Reason.PERIODIC)
