"""Measurements on tiny repositories, with real daemons; nothing of them stays behind."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from bench.history import History, is_running

from dustlocal import api
from dustlocal.bench import docstrings, everything, freshness, localize
from dustlocal.bench.clones import make_repository, open_clone
from dustlocal.bench.history_guard import require_no_history
from dustlocal.bench.history_queries import HistoryQuery
from dustlocal.bench.index_speed import of_synthetic
from dustlocal.bench.latency import Plan, of_source
from dustlocal.bench.sandbox import Narration, Sandbox, open_sandbox
from dustlocal.errors import InternalError, SourceError
from dustlocal.paths import places

QUIET = Narration()


def leftovers() -> set[str]:
    """Folders of measurements, and daemons in one of them."""
    folders = {str(path) for path in Path(tempfile.gettempdir()).glob("dustlocal-bench-*")}
    daemons = {
        str(process.pid)
        for process in psutil.process_iter()
        if process.ppid() == 1 and "dustlocal-bench-" in environment(process)
    }
    return folders | daemons


def environment(process: psutil.Process) -> str:
    try:
        return process.environ().get("DUSTLOCAL_HOME", "")
    except (psutil.Error, OSError):
        return ""


@pytest.fixture(autouse=True)
def nothing_stays_behind(users_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Temporary folders of this test alone, so that tests side by side don't see each other's."""
    with tempfile.TemporaryDirectory(prefix="dl-", dir="/tmp") as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield
        assert not [left for left in leftovers() if folder in left]
        assert os.listdir(folder) == []
    assert not users_home.exists()


def test_localisation_finds_the_files_of_later_commits(clone: History) -> None:
    plan = localize.Plan(back=3, through_shell=1)
    done = localize.measure([open_clone(clone.root)], plan, QUIET)
    (one,) = done.repositories
    assert one.summary.queries == 3
    # The readme of the cut does not name the barometer that the third query asks for.
    assert one.summary.hit_1 == one.summary.recall_10 == 2 / 3
    assert done.macro["mrr"] == one.summary.mrr
    assert one.through_shell == 1
    assert one.guard.exported_files == one.guard.seen_files == 3
    assert (one.guard.commits, one.guard.probes) == (0, 3)
    assert "guard, weather: 3 files of the cut exported" in localize.describe(done)


def test_vectors_take_part_where_a_model_is_named(clone: History) -> None:
    plan = localize.Plan(back=3, model="scripted")
    said: list[api.Event] = []
    done = localize.measure([open_clone(clone.root)], plan, Narration(event=said.append))
    assert done.model == "scripted"
    assert {"files", "vectors"} <= {e.phase for e in said if isinstance(e, api.Progress)}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with open_sandbox(QUIET, model="none") as made:
        yield made


def test_the_guard_refuses_a_source_that_has_a_history(sandbox: Sandbox, clone: History) -> None:
    info = sandbox.complete(sandbox.add(clone.root).id)
    query = HistoryQuery("0" * 40, "Correct the barometer for the altitude", frozenset())
    with pytest.raises(InternalError) as caught:
        require_no_history(sandbox, info, clone.root, 3, [query])
    assert f"a repository at {clone.root}" in str(caught.value)
    assert "5 indexed commits" in str(caught.value)
    assert "1 later commits among the hits" in str(caught.value)


def test_nothing_is_exported_into_a_temporary_folder_inside_a_repository(
    sandbox: Sandbox,
) -> None:
    make_repository(sandbox.folder)
    with pytest.raises(SourceError) as caught:
        sandbox.new_folder("export")
    assert "TMPDIR" in caught.value.hint


def test_a_sandbox_has_its_own_home_and_gives_the_users_back(users_home: Path) -> None:
    with open_sandbox(QUIET, model="none") as made:
        assert made.places == places()
        assert made.places.data.is_relative_to(made.folder)
    assert os.environ["DUSTLOCAL_HOME"] == str(users_home)


def test_a_failure_inside_a_sandbox_leaves_nothing(clone: History) -> None:
    with pytest.raises(ZeroDivisionError), open_sandbox(QUIET, model="none") as made:
        pid = made.client.hello().pid
        assert psutil.pid_exists(pid)
        1 / 0  # noqa: B018
    assert not is_running(pid)


def test_functions_are_found_by_what_their_docstrings_said(clone: History) -> None:
    clone.git("checkout", "--quiet", "HEAD~3")
    done = docstrings.measure([open_clone(clone.root)], docstrings.Plan(), QUIET)
    (one,) = done.repositories
    assert one.summary.queries == 2
    assert 0 < done.mrr <= 1
    assert "weather" in docstrings.describe(done)


def test_a_clone_without_documented_functions_says_so(clone: History) -> None:
    with pytest.raises(SourceError, match="docstring"):
        docstrings.measure([open_clone(clone.root)], docstrings.Plan(), QUIET)


def test_the_speed_of_indexing_a_made_up_repository() -> None:
    done = of_synthetic(14, 0.05, "none", QUIET)
    assert (done.files, done.skipped) == (14, 0)
    assert 0.04 < done.megabytes < 0.07
    assert done.chunks > 14
    assert done.unchanged_seconds < done.lexical_seconds
    assert done.peak_memory_megabytes > 10
    assert done.stored_megabytes > 0
    assert done.vectors_per_second is None


def test_latency_is_measured_over_vectors_that_nobody_computed(clone: History) -> None:
    plan = Plan(searches=4, questions=2, commands=1, busy=(7, 0.02), model="scripted")
    done = of_source(clone.root, plan, QUIET)
    assert done.vectors == done.chunks > 0
    assert (done.search.count, done.ask.count, done.shell.count) == (4, 2, 1)
    assert done.busy.count >= 1
    assert 0 < done.search.p50_ms <= done.search.p95_ms <= done.search.slowest_ms


def test_every_save_is_found(clone: History) -> None:
    before = clone.git("status", "--porcelain")
    done = freshness.measure(clone.root, freshness.Plan(saves=3, samples=1), QUIET)
    assert done.lost == 0
    assert (done.saves.count, done.constant_writing.count) == (3, 1)
    assert clone.git("status", "--porcelain") == before, "only a copy is written to"


@pytest.mark.timeout(300)  # it starts seven daemons, one after another
def test_everything_at_once_gives_one_table(clone: History) -> None:
    for number in range(10):
        clone.commit(f"Teach the thermometer lesson number {number}", {
            "station/thermometer.py": f"LESSON = {number}\n",
        })  # fmt: skip
    sizes = everything.Sizes(
        searches=2, questions=1, commands=1, busy=(7, 0.02), saves=1, samples=1, idle_seconds=1.0
    )
    done = everything.measure(clone.root, "none", QUIET, sizes=sizes)
    assert done.localize is not None
    assert done.localize.back == 10
    assert done.first_ask is not None
    assert done.first_ask.files == 4
    text = everything.describe(done)
    for what in ("commit subject -> files", "first ask", "save -> found", "idle, bytes written"):
        assert what in text
