"""A private place to measure in: temporary folders, a home of its own, and its own daemon.

The user's home, settings, index and daemon are never touched. Whatever ends the measuring (the
end, an error, ctrl-C, a signal), the daemon is stopped and every folder removed.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Final

from dustlocal import api
from dustlocal.bench.processes import end_processes_with
from dustlocal.client import Client
from dustlocal.errors import SourceError, WeightsMissing
from dustlocal.paths import Places, places, private_folder, write_private
from indexer.checkout import find_checkout

MODEL: Final = "minilm"
NO_MODEL: Final = "none"

COMMAND: Final = (sys.executable, "-P", "-m", "dustlocal.cli.main")
"""`dustlocal` as the shell runs it, from this very installation."""

_HOME: Final = "DUSTLOCAL_HOME"
_ENDINGS: Final = (signal.SIGTERM, signal.SIGHUP)


def _silent(_: object) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Narration:
    """Where progress goes: sentences, and the daemon's events."""

    say: Callable[[str], None] = _silent
    event: Callable[[api.Event], None] = _silent


@dataclass(slots=True)
class Sandbox:
    """A temporary folder with a home in it. The daemon starts when `client` is first used."""

    folder: Path
    places: Places
    narration: Narration
    model: str
    _client: Client | None = field(default=None, init=False)

    @property
    def client(self) -> Client:
        """The client of the main thread."""
        if self._client is None:
            self._client = Client(self.places, narrate=self.narration.say)
        return self._client

    def client_of_thread(self) -> Client:
        """A client for another thread. It starts no daemon: it may outlive ours by a moment."""
        return Client(self.places, may_start=False)

    def new_folder(self, name: str) -> Path:
        """An empty folder for something to index.

        Errors: `SourceError` when the temporary folder lies in a repository, whose history (and
        whose ignore files) would be seen from there.
        """
        target = self.folder / "sources" / name
        around = find_checkout(str(self.folder))
        if around is not None:
            raise SourceError(
                f"the temporary folder {self.folder} lies in the repository {around.root}",
                hint="set TMPDIR to a folder outside any repository",
            )
        target.mkdir(parents=True)
        return target

    def add(self, root: Path) -> api.SourceInfo:
        """Make a folder a source and wait until its files are searchable by words."""
        info = self.client.add(api.AddRequest(path=str(root)))
        scope = api.Scope(sources=(info.id,))
        self.client.prepare(api.PrepareRequest(scope=scope), self.narration.event)
        return self.state_of(info.id)

    def complete(self, source: str) -> api.SourceInfo:
        """Bring a source up to date, with vectors if there is a model, and wait for it.

        Errors: `WeightsMissing` when the vectors could not be made.
        """
        lexical = self.model == NO_MODEL
        request = api.IndexRequest(scope=api.Scope(sources=(source,)), lexical=lexical)
        finished = self.client.index(request, self.narration.event)
        if finished.detail:
            raise WeightsMissing(
                finished.detail,
                hint="run `dustlocal models pull embedding`, or measure with --no-vectors",
            )
        return self.state_of(source)

    def state_of(self, source: str) -> api.SourceInfo:
        """What the daemon says of a source now."""
        return next(info for info in self.client.sources() if info.id == source)

    def configure(self, model: str, threads: int = 1) -> None:
        """Settings of the next daemon: all defaults but what makes the vectors."""
        self.model = model
        lines = (
            "[embedding]",
            f"model = {json.dumps(model)}",
            f"threads = {threads}",
            "pause_on_battery = false",  # a measurement would wait for mains power
        )
        text = "\n".join(lines) + "\n"
        write_private(self.places.config_file, text.encode())

    def stop(self) -> None:
        """End the daemon; the next use of the client starts another."""
        if self._client is not None:
            self._client.close()
            self._client = None
        Client(self.places, may_start=False).shutdown()


@contextmanager
def open_sandbox(
    narration: Narration, *, model: str = MODEL, threads: int = 1
) -> Iterator[Sandbox]:
    """A sandbox for the `with` block; one at a time in a process (it sets DUSTLOCAL_HOME)."""
    users_models = places().models
    folder = Path(os.path.realpath(tempfile.mkdtemp(prefix="dustlocal-bench-")))
    try:
        with _ended_by_signals(), _home(folder / "home"):
            sandbox = Sandbox(folder, places(), narration, model)
            for each in sandbox.places.folders():
                private_folder(each)
            # The weights lie where the user's daemon finds them; a link to that is never followed
            # by the removal.
            sandbox.places.models.symlink_to(users_models)
            sandbox.configure(model, threads)
            try:
                yield sandbox
            finally:
                with _undisturbed():
                    sandbox.stop()
    finally:
        with _undisturbed():
            # A daemon that was being started when ctrl-C came holds no lock yet to be found by.
            end_processes_with(_HOME, str(folder / "home"))
            _remove(folder)


def has_weights() -> bool:
    """Whether the default embedding model is on this machine, for the user's daemon as for ours."""
    from indexer.embed import find_weights  # noqa: PLC0415 - only the measurements need it

    try:
        find_weights([places().models])
    except WeightsMissing:
        return False
    return True


def _remove(folder: Path) -> None:
    home = folder / "home"
    if home.is_dir():
        with _home(home):
            socket_folder = places().socket.parent
        if not socket_folder.is_relative_to(folder):  # a long TMPDIR: the socket lies elsewhere
            shutil.rmtree(socket_folder, ignore_errors=True)
    shutil.rmtree(folder)


@contextmanager
def _home(folder: Path) -> Iterator[None]:
    """DUSTLOCAL_HOME for us and for whatever we start."""
    before = os.environ.get(_HOME)
    os.environ[_HOME] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ[_HOME]
        else:
            os.environ[_HOME] = before


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let signals that end a process do what ctrl-C does: unwind, and so clean up."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    with _handling(_ENDINGS, interrupt):
        yield


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A second ctrl-C, of an impatient user, must not leave a daemon and folders behind."""
    with _handling((signal.SIGINT, *_ENDINGS), signal.SIG_IGN):
        yield


@contextmanager
def _handling(
    numbers: tuple[signal.Signals, ...],
    handler: Callable[[int, FrameType | None], None] | signal.Handlers,
) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set handlers, and only it receives signals
        return
    with contextlib.ExitStack() as stack:
        for number in numbers:
            before = signal.getsignal(number)
            if before is not signal.SIG_IGN:  # `nohup` and shells that run us behind mean that
                signal.signal(number, handler)
                stack.callback(signal.signal, number, before)
        yield
