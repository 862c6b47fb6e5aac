"""One worker process and its pipes, as the daemon sees it."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import msgspec

from dustlocal.daemon.jobs import Command, Report
from dustlocal.errors import WorkerDied

log = logging.getLogger(__name__)


class Process:
    """A worker process. It is started at once; its reports are read once `listen` is called."""

    def __init__(self, role: str) -> None:
        self.role = role
        self.started = time.monotonic()
        self._reader: threading.Thread | None = None
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "dustlocal.daemon.worker", role],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            # A session of its own: Ctrl-C at a daemon in the foreground is for the daemon.
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input, self._output = self._process.stdin, self._process.stdout

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def is_listened_to(self) -> bool:
        """Whether `listen` was called."""
        return self._reader is not None

    def listen(self, on_report: Callable[[Report], None], on_end: Callable[[], None]) -> None:
        """Hand over its reports, and then its end, from a thread of their own."""

        def read() -> None:
            decoder = msgspec.json.Decoder(Report)
            for line in self._output:
                on_report(decoder.decode(line))
            on_end()

        self._reader = threading.Thread(target=read, name=f"{self.role}-reports", daemon=True)
        self._reader.start()

    def send(self, command: Command) -> None:
        """Write one command. Errors: `WorkerDied`."""
        try:
            self._input.write(msgspec.json.encode(command) + b"\n")
            self._input.flush()
        except (OSError, ValueError) as error:
            raise WorkerDied(f"the {self.role} process has ended") from error

    def end(self, patience: float) -> str:
        """Close its input, wait for it to leave, insist if it doesn't; how it ended."""
        try:
            self._input.close()
        except OSError:
            log.debug("the %s process had ended before its input was closed", self.role)
        try:
            status = self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        self._end_group()
        if self._reader is not None:
            self._reader.join()
        self._output.close()
        return _described(status)

    def _end_group(self) -> None:
        """End what a worker that died by force left behind: it leads a process group."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            log.debug("the %s process left no children", self.role)


def _described(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"
