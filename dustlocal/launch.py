"""Starting, finding and ending the daemon, from the client's side of the socket.

The daemon is a detached process of its own. It reports over a pipe whether it is ready, or why
it can't be: nothing is guessed from a clock. Several clients may start one at the same moment;
all but one of the new daemons find the lock taken and leave, and every client ends up with the
one that stayed.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from dustlocal import locks
from dustlocal.api import ErrorBody
from dustlocal.errors import DaemonFailedToStart, DaemonUnreachable, raised_from
from dustlocal.paths import Places, private_folder, require_ours
from dustlocal.paths import places as places_of

_START_SECONDS = 30.0
"""A daemon needs half a second; a cold disk under load may need some more."""

_STOP_SECONDS = 10.0
"""How long a daemon may take to finish its requests before it is ended by force."""


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The daemon's word over the pipe that its socket accepts requests."""


class Taken(msgspec.Struct, frozen=True, tag="taken"):
    """The daemon's word that another one holds the lock, and that it leaves."""


class CannotStart(msgspec.Struct, frozen=True, tag="cannot-start"):
    """The daemon's word that it can't start, and why."""

    error: ErrorBody


Report = Ready | Taken | CannotStart


@dataclass(frozen=True, slots=True)
class Launch:
    """A daemon that was started and has not reported yet. `pipe` is where it will."""

    places: Places
    pipe: int

    def wait(self) -> None:
        """Return when a daemon answers at the socket. Errors: `DaemonFailedToStart`, or its own."""
        deadline = time.monotonic() + _START_SECONDS
        try:
            said = _read_report(self.pipe, deadline)
        finally:
            os.close(self.pipe)
        if isinstance(said, CannotStart):
            raise raised_from(said.error)
        if isinstance(said, Taken):
            _wait_for_the_other(self.places, deadline)


def is_listening(places: Places) -> bool:
    """Whether something accepts connections at the socket. Errors: `PlaceUnusable`."""
    path = places.socket
    require_ours(path.parent)
    probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    probe.settimeout(2.0)
    try:
        probe.connect(os.fspath(path))
    except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
        return False
    except OSError as error:
        raise DaemonUnreachable(
            f"{path}: the daemon's socket does not accept connections: {error}",
            hint="run `dustlocal down`, then try again; `dustlocal doctor` looks for the cause",
        ) from error
    finally:
        probe.close()
    return True


def start(places: Places) -> Launch:
    """Start a daemon and return at once; `Launch.wait` says how that went."""
    for folder in places.folders():
        private_folder(folder)
    reading, writing = os.pipe()
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "dustlocal.daemon", "--detach"],
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=writing,
            cwd="/",
            env=os.environ | _home_of(places),
            start_new_session=True,
        )
    finally:
        os.close(writing)
    # The process forks first thing and leaves its work to the child: this takes milliseconds.
    process.wait()
    return Launch(places, reading)


def stop(places: Places, ask: Callable[[], object]) -> bool:
    """End the daemon, politely by `ask`, else by signal; whether there was one.

    Errors: `DaemonUnreachable` when even SIGKILL leaves its lock held.
    """
    pid = locks.holder(places.daemon_lock)
    if pid is None:
        return False
    try:
        ask()
    except DaemonUnreachable:
        _signal(pid, signal.SIGTERM)
    if not _ended(places):
        _signal(pid, signal.SIGKILL)
        if not _ended(places):
            raise DaemonUnreachable(
                f"the daemon (process {pid}) does not end",
                hint=f"look at what it waits for: ps -o stat,wchan {pid}",
            )
    return True


def wait_for_an_end(places: Places, seconds: float = 2.0) -> None:
    """Give a daemon that is on its way out the time to let go of its lock."""
    deadline = time.monotonic() + seconds
    while locks.holder(places.daemon_lock) is not None and time.monotonic() < deadline:
        time.sleep(0.01)


def _home_of(places: Places) -> dict[str, str]:
    """DUSTLOCAL_HOME for a daemon whose places come from it, absolute: it runs in `/`."""
    home = os.fspath(places.data.parent)
    return {"DUSTLOCAL_HOME": home} if places == places_of({"DUSTLOCAL_HOME": home}) else {}


def _ended(places: Places) -> bool:
    deadline = time.monotonic() + _STOP_SECONDS
    while locks.holder(places.daemon_lock) is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def _signal(pid: int, number: signal.Signals) -> None:
    if pid > 0:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return


def _read_report(pipe: int, deadline: float) -> Report:
    """What the daemon says. Anything else that it prints first is the reason why it failed."""
    said = b""
    decoder = msgspec.json.Decoder(Report)
    while select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))[0]:
        piece = os.read(pipe, 65_536)
        said += piece
        for line in said.splitlines():
            try:
                report: Report = decoder.decode(line)
            except msgspec.DecodeError:
                continue
            return report
        if not piece:
            raise DaemonFailedToStart(
                f"the daemon ended while starting: {_last_line(said)}",
                hint="run `dustlocal doctor`; for the full story: python -m dustlocal.daemon",
            )
    raise DaemonFailedToStart(
        f"the daemon was not ready after {_START_SECONDS:.0f} seconds",
        hint="run `dustlocal doctor`, and look at the log it names",
    )


def _last_line(said: bytes) -> str:
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return lines[-1].strip() if lines else "it said nothing"


def _wait_for_the_other(places: Places, deadline: float) -> None:
    """Wait for the daemon that holds the lock; if it ends instead, start one after all."""
    pause = 0.005
    while not is_listening(places):
        pid = locks.holder(places.daemon_lock)
        if pid is None:
            start(places).wait()
            return
        if time.monotonic() > deadline:
            raise DaemonUnreachable(
                f"the daemon (process {pid}) holds its lock and does not answer",
                hint="run `dustlocal down`, then try again",
            )
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)
