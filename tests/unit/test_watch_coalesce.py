"""Coalescing with a scripted clock: few batches, none late, no change lost."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.model import SourceId
from indexer.watch.coalesce import (
    CALM_SECONDS,
    LATENCY_SECONDS,
    MAX_PATHS,
    MAX_REST_SECONDS,
    QUIET_SECONDS,
    Batch,
    Coalescer,
    Reason,
)

SOURCE = SourceId("s")
OTHER = SourceId("t")
NEVER = 1e9
MAX_LATENCY = LATENCY_SECONDS[-1]


def coalescer(*sources: SourceId, interval: float = NEVER) -> Coalescer:
    made = Coalescer()
    for source in sources or (SOURCE,):
        made.add(source, interval, 0.0)
    return made


def play(
    subject: Coalescer, hints: Iterable[tuple[float, str]], cost: float = 0.0
) -> list[tuple[float, Batch]]:
    """Run hints through a consumer that needs `cost` seconds a batch; gives (taken at, batch)."""
    taken: list[tuple[float, Batch]] = []
    busy_until = math.inf
    waiting = sorted(hints)
    while True:
        hint_at = waiting[0][0] if waiting else math.inf
        now = min(hint_at, subject.next_due(), busy_until)
        if now >= NEVER / 4:
            return taken
        if now == busy_until:
            subject.done(SOURCE, now)
            busy_until = math.inf
        elif now == hint_at:
            subject.note(SOURCE, waiting.pop(0)[1], now)
        else:
            batch = subject.take(now)
            assert batch is not None
            taken.append((now, batch))
            busy_until = now + cost


def test_a_lone_save_is_delivered_after_a_short_quiet() -> None:
    (at, batch), *rest = play(coalescer(), [(10.0, "a.py")])
    assert at == pytest.approx(10.05)
    assert batch == Batch(SOURCE, frozenset({"a.py"}), Reason.CHANGED)
    assert rest == []


def test_a_burst_of_1000_saves_costs_few_batches() -> None:
    hints = [(10 + number * 0.001, f"f{number % 50}.py") for number in range(1000)]
    taken = play(coalescer(), hints, cost=0.02)
    assert len(taken) <= 4
    assert frozenset().union(*(batch.paths or set() for _, batch in taken)) == {
        f"f{number}.py" for number in range(50)
    }


def test_constant_writing_for_a_minute_is_never_late_and_never_a_storm() -> None:
    hints = [(10 + number * 0.01, "log.txt") for number in range(6000)]
    taken = play(coalescer(), hints, cost=0.05)
    starts = [10.0, *(at for at, _ in taken)]
    gaps = [after - before for before, after in itertools.pairwise(starts)]
    assert max(gaps) <= MAX_LATENCY + 0.02  # the next write comes up to 10 ms after a batch
    assert taken[0][0] - 10 <= LATENCY_SECONDS[0]
    assert taken[-1][0] >= hints[-1][0]
    assert len(taken) <= 65


def test_a_slow_consumer_has_at_most_one_batch_in_flight_and_rests_between() -> None:
    hints = [(10 + number * 0.01, "a.py") for number in range(1000)]
    taken = play(coalescer(), hints, cost=3.0)
    times = [at for at, _ in taken]
    assert all(b - a >= 3.0 + MAX_REST_SECONDS for a, b in itertools.pairwise(times))
    assert len(taken) <= 4


def test_what_arrives_in_flight_becomes_the_next_batch() -> None:
    subject = coalescer()
    subject.note(SOURCE, "a", 1.0)
    assert subject.take(2.0) is not None
    subject.note(SOURCE, "b", 2.1)
    assert subject.take(50.0) is None
    assert subject.next_due() == math.inf
    subject.done(SOURCE, 50.0)
    assert subject.take(52.0) == Batch(SOURCE, frozenset({"b"}), Reason.CHANGED)


def test_too_many_paths_become_a_rescan() -> None:
    subject = coalescer()
    for number in range(MAX_PATHS + 1):
        subject.note(SOURCE, str(number), 1.0)
    assert subject.take(3.0) == Batch(SOURCE, None, Reason.TOO_MANY)


def test_as_many_paths_as_allowed_stay_paths() -> None:
    subject = coalescer()
    for number in range(MAX_PATHS):
        subject.note(SOURCE, str(number), 1.0)
    batch = subject.take(3.0)
    assert batch is not None and batch.paths is not None and len(batch.paths) == MAX_PATHS


def test_a_rescan_swallows_paths_and_the_gravest_reason_wins() -> None:
    subject = coalescer()
    subject.note(SOURCE, "a", 1.0)
    subject.note_rescan(SOURCE, Reason.FOLDER, 1.0)
    subject.note_rescan(SOURCE, Reason.GIT_HEAD, 1.0)
    subject.note_rescan(SOURCE, Reason.GIT_INDEX, 1.0)
    subject.note(SOURCE, "b", 1.0)
    assert subject.take(3.0) == Batch(SOURCE, None, Reason.GIT_HEAD)
    subject.done(SOURCE, 3.0)
    assert subject.take(10.0) is None


def test_a_rescan_waits_for_the_end_of_a_checkout_longer_than_a_save() -> None:
    subject = coalescer()
    subject.note_rescan(SOURCE, Reason.GIT_HEAD, 1.0)
    assert subject.due(SOURCE) == pytest.approx(1.0 + QUIET_SECONDS[1])


def test_after_calm_a_save_is_quick_again() -> None:
    subject = coalescer()
    play(subject, [(10 + number * 0.1, "a") for number in range(100)])
    (at, _), *_ = play(subject, [(20 + CALM_SECONDS, "a")])
    assert at - (20 + CALM_SECONDS) == pytest.approx(QUIET_SECONDS[0])


def test_each_source_is_rechecked_each_interval_after_the_last_look() -> None:
    subject = coalescer(interval=300)
    first = subject.next_due()
    assert 150 <= first <= 300
    assert subject.take(first) == Batch(SOURCE, None, Reason.PERIODIC)
    subject.done(SOURCE, first + 7)
    assert subject.next_due() == pytest.approx(first + 7 + 300)


def test_a_rescan_for_another_reason_puts_the_recheck_off() -> None:
    subject = coalescer(interval=300)
    subject.note_rescan(SOURCE, Reason.FOLDER, 100.0)
    assert subject.take(101.0) is not None
    subject.done(SOURCE, 101.0)
    assert subject.next_due() == pytest.approx(401.0)


def test_sources_added_together_are_rechecked_apart() -> None:
    names = [SourceId(str(number)) for number in range(10)]
    subject = coalescer(*names, interval=300)
    due = sorted(subject.due(name) for name in names)
    assert min(b - a for a, b in itertools.pairwise(due)) > 5


def test_a_shorter_interval_counts_at_once_and_the_same_one_changes_nothing() -> None:
    subject = coalescer(interval=300)
    subject.set_interval(SOURCE, 10, 50.0)
    assert subject.next_due() == 60
    subject.set_interval(SOURCE, 10, 55.0)
    assert subject.next_due() == 60


def test_sources_do_not_wait_for_each_other() -> None:
    subject = coalescer(SOURCE, OTHER)
    subject.note(SOURCE, "a", 1.0)
    subject.note(OTHER, "b", 1.01)
    first, second = subject.take(2.0), subject.take(2.0)
    assert first is not None and second is not None
    assert (first.source, second.source) == (SOURCE, OTHER)


def test_hints_for_a_removed_source_and_a_stray_done_do_nothing() -> None:
    subject = coalescer()
    subject.done(SOURCE, 1.0)
    subject.remove(SOURCE)
    subject.note(SOURCE, "a", 1.0)
    subject.note_rescan(SOURCE, Reason.FOLDER, 1.0)
    subject.done(SOURCE, 2.0)
    assert subject.next_due() == math.inf
    assert subject.take(NEVER) is None


def test_folders_that_were_just_watched_say_so() -> None:
    subject = coalescer()
    subject.note(SOURCE, "pkg", 1.0, started=True)
    assert subject.take(2.0) == Batch(SOURCE, frozenset({"pkg"}), Reason.STARTED)


@settings(max_examples=60, deadline=None)
@given(
    hints=st.lists(
        st.tuples(st.floats(1, 30), st.sampled_from([f"f{n}" for n in range(300)])), max_size=400
    ),
    cost=st.sampled_from([0.0, 0.01, 0.3, 2.0]),
)
def test_every_change_is_delivered_in_time_whatever_the_order(
    hints: list[tuple[float, str]], cost: float
) -> None:
    taken = play(coalescer(), hints, cost)
    bound = MAX_LATENCY + cost + min(cost, MAX_REST_SECONDS) + 1e-6
    for at, path in hints:
        assert any(
            at <= when <= at + bound and (batch.paths is None or path in batch.paths)
            for when, batch in taken
        )
    assert len(taken) <= min(len(hints), 3 + 30 / LATENCY_SECONDS[0])
