"""A real daemon: started on demand, one per user, gone without a trace, and back after a kill."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import psutil
import pytest

from dustlocal import api, locks
from dustlocal.errors import (
    ConfigError,
    DaemonUnreachable,
    PlaceUnusable,
    StoreError,
    VersionMismatch,
)


def workers_of(pid: int) -> list[int]:
    return [child.pid for child in psutil.Process(pid).children(recursive=True)]


def is_alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_a_client_starts_the_daemon_and_its_files_are_private(home: Any) -> None:
    with home.client() as client:
        hello = client.hello()
    assert hello.pid == home.daemon_pid()
    assert stat.S_IMODE(home.places.socket.stat().st_mode) == 0o600
    for path in home.root.rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        if path != home.places.config_file:
            assert mode & 0o077 == 0, f"{path}: {oct(mode)}"


def test_stopping_ends_every_process_and_removes_the_socket(home: Any) -> None:
    with home.client() as client:
        pid = client.hello().pid
        family = [pid, *workers_of(pid)]
        assert len(family) >= 2
        assert client.shutdown() is True
        assert client.shutdown() is False
    assert home.daemon_pid() is None
    assert not home.places.socket.exists()
    assert not [each for each in family if is_alive(each)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(home: Any, number: signal.Signals) -> None:
    with home.client() as client:
        pid = client.hello().pid
    family = [pid, *workers_of(pid)]
    os.kill(pid, number)
    home.wait_for(lambda: not any(map(is_alive, family)), "all processes to end")
    assert not home.places.socket.exists()
    assert "stopped" in home.log()


# httpcore 1.0 leaves the socket of a connection that was refused to the garbage collector.
@pytest.mark.filterwarnings("ignore:Exception ignored in. <socket")
def test_after_a_kill_the_next_request_works_and_no_worker_is_left(home: Any) -> None:
    with home.client() as client:
        first = client.hello().pid
        family = [first, *workers_of(first)]
        os.kill(first, signal.SIGKILL)
        home.wait_for(lambda: not is_alive(first), "the kill")
        assert home.places.socket.exists(), "a stale socket is the point of this test"
        second = client.hello().pid
    assert second != first
    home.wait_for(lambda: not any(map(is_alive, family)), "orphaned workers to leave")


def test_a_stale_socket_and_pid_without_a_daemon_do_no_harm(home: Any) -> None:
    home.places.runtime.mkdir(parents=True, mode=0o700)
    home.places.daemon_lock.write_text("1\n")
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(home.places.socket))
    stale.close()
    with home.client() as client:
        assert client.hello().pid == home.daemon_pid()


def test_something_else_in_the_sockets_place_is_not_deleted(home: Any) -> None:
    home.places.runtime.mkdir(parents=True, mode=0o700)
    home.places.socket.write_text("precious")
    with home.client() as client, pytest.raises(PlaceUnusable, match="in the way"):
        client.hello()
    assert home.places.socket.read_text() == "precious"
    assert home.daemon_pid() is None


def test_many_clients_at_once_get_one_daemon(home: Any) -> None:
    pids: list[int] = []
    gate = threading.Barrier(4)

    def connect() -> None:
        gate.wait()
        with home.client() as client:
            pids.append(client.hello().pid)

    threads = [threading.Thread(target=connect) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pids) == 4
    assert set(pids) == {home.daemon_pid()}


def test_a_second_daemon_in_the_foreground_says_who_is_first(home: Any) -> None:
    with home.client() as client:
        pid = client.hello().pid
    second = subprocess.run(
        [sys.executable, "-P", "-m", "dustlocal.daemon"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert second.returncode == 3
    assert f"process {pid}" in second.stderr
    assert home.daemon_pid() == pid


def test_a_daemon_of_another_version_is_replaced_and_that_is_told(
    home: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    with home.client() as client:
        old = client.hello().pid
    monkeypatch.setattr("dustlocal.client.__version__", "9.9.9")
    with home.client(narrate=told.append) as client, pytest.raises(VersionMismatch):
        # The new daemon is, of course, of the old version again: one replacement, then an error.
        client.status()
    assert home.daemon_pid() not in (old, None)
    assert len(told) == 1
    assert "restarting the daemon" in told[0]


def test_without_leave_to_start_nothing_is_started(home: Any) -> None:
    with home.client(may_start=False) as client, pytest.raises(DaemonUnreachable):
        client.hello()
    assert home.daemon_pid() is None


def test_a_broken_configuration_is_told_by_the_client(home: Any) -> None:
    home.configure("[index]\nexlude = []\n")
    with home.client() as client, pytest.raises(ConfigError, match=r"unknown key `index\.exlude`"):
        client.hello()
    assert home.daemon_pid() is None


@pytest.mark.parametrize("place", ["data", "run", "log"])
def test_a_folder_that_can_not_be_made_is_told_by_the_client(home: Any, place: str) -> None:
    (home.root / place).write_text("a file")
    with home.client() as client, pytest.raises(PlaceUnusable, match=place):
        client.hello()


def test_an_index_that_can_not_be_opened_is_told_by_the_client(home: Any) -> None:
    (home.root / "data").mkdir(mode=0o700)
    (home.root / "data" / "index").write_text("a file")
    with home.client() as client, pytest.raises(StoreError):
        client.hello()
    assert home.daemon_pid() is None


def test_a_long_home_gets_a_short_socket(
    home: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home.root = tmp_path / ("long" * 30)
    monkeypatch.setenv("DUSTLOCAL_HOME", str(home.root))
    with home.client() as client:
        assert client.hello().pid == home.daemon_pid()
        assert client.shutdown() is True
    assert not home.places.socket.is_relative_to(home.root)
    home.places.socket.parent.rmdir()


def test_a_worker_that_is_killed_is_replaced_and_nothing_is_lost(home: Any, project: Path) -> None:
    with home.client() as client:
        pid = client.hello().pid
        (worker,) = workers_of(pid)
        os.kill(worker, signal.SIGKILL)
        scope = api.Scope(path=str(project), add=True)
        client.prepare(api.PrepareRequest(scope=scope))
        found = client.search(api.SearchRequest(query="kindle lamp", scope=scope))
    assert found.hits[0].path == "src/beacon.py"
    assert home.daemon_pid() == pid
    assert worker not in workers_of(pid)


def test_while_another_process_writes_the_index_the_daemon_waits(home: Any, project: Path) -> None:
    with home.client() as client:
        client.hello()
        lock = locks.acquire(home.places.writer_lock)
        assert lock is not None
        threading.Timer(0.5, lock.release).start()
        scope = api.Scope(path=str(project), add=True)
        assert client.prepare(api.PrepareRequest(scope=scope)) == api.Finished()


def test_the_embedding_process_leaves_when_its_work_is_done(home: Any, project: Path) -> None:
    with home.client() as client:
        pid = client.hello().pid
        client.index(api.IndexRequest(scope=api.Scope(path=str(project), add=True)))
        assert client.status().coverage.vectors_pending == 0
        home.wait_for(lambda: len(workers_of(pid)) == 1, "the embedding process to leave")
