"""Everything on a machine that can keep DustLocal from working, looked at without the daemon.

Each check says what it found, and for trouble what to do. Checks change nothing.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from dustlocal import config, locks
from dustlocal.errors import DustLocalError
from dustlocal.paths import Places

_LEAST_FREE_BYTES = 500_000_000
"""Below this a large repository may not fit: an index takes up to four times its text."""

_LEAST_WATCHES = 65_536
_LEAST_GIT = (2, 36)


class Verdict(StrEnum):
    """How bad a finding is: `notice` leaves something out, `trouble` needs a fix."""

    FINE = "ok"
    NOTICE = "notice"
    TROUBLE = "trouble"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found, and what to do about it."""

    check: str
    verdict: Verdict
    found: str
    fix: str = ""


def examine(places: Places) -> Iterator[Finding]:
    """All findings about this machine, in the order in which a user would fix them."""
    yield from _guarded("configuration", lambda: _configuration(places))
    for name, folder in zip(
        ("config", "data", "cache", "runtime", "log"), places.folders(), strict=True
    ):
        yield from _guarded(f"{name} folder", lambda folder=folder: _folder(folder))  # type: ignore[misc]
    yield from _guarded("space", lambda: _space(places))
    yield from _guarded("SQLite", _sqlite)
    yield from _guarded("git", _git)
    yield from _guarded("embedding", lambda: _embedding(places))
    yield from _guarded("llama", _llama)
    yield from _guarded("file events", _file_events)
    yield from _guarded("log", lambda: (Verdict.FINE, str(places.log_file), ""))
    yield from _guarded("socket", lambda: _socket(places))


Outcome = tuple[Verdict, str, str]


def _guarded(check: str, look: Callable[[], Outcome]) -> Iterator[Finding]:
    """A check that can't be made is a finding too."""
    try:
        verdict, found, fix = look()
    except DustLocalError as error:
        verdict, found, fix = Verdict.TROUBLE, str(error), error.hint
    except OSError as error:
        verdict, found, fix = Verdict.TROUBLE, str(error), "check the permissions of that path"
    yield Finding(check, verdict, found, fix)


def _configuration(places: Places) -> Outcome:
    config.load(places.config_file)
    there = "valid" if places.config_file.exists() else "not there: all settings are defaults"
    return Verdict.FINE, f"{places.config_file}: {there}", ""


def _folder(folder: Path) -> Outcome:
    if not folder.exists():
        above = next(parent for parent in folder.parents if parent.exists())
        if os.access(above, os.W_OK | os.X_OK):
            return Verdict.FINE, f"{folder}: will be made when it is needed", ""
        return Verdict.TROUBLE, f"{above}: can't be written", _elsewhere(above)
    found = folder.stat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        return Verdict.TROUBLE, f"{folder}: is not a folder of this user", _elsewhere(folder)
    if stat.S_IMODE(found.st_mode) & 0o077:
        mode = oct(stat.S_IMODE(found.st_mode))
        return Verdict.TROUBLE, f"{folder}: open to others ({mode})", f"chmod 700 {folder}"
    if not os.access(folder, os.W_OK | os.X_OK):
        return Verdict.TROUBLE, f"{folder}: can't be written", _elsewhere(folder)
    return Verdict.FINE, str(folder), ""


def _elsewhere(folder: Path) -> str:
    return f"make {folder} yours and writable, or set DUSTLOCAL_HOME to a folder that is"


def _space(places: Places) -> Outcome:
    there = next(path for path in (places.data, *places.data.parents) if path.exists())
    free = shutil.disk_usage(there).free
    found = f"{free / 1e9:.1f} GB free for {places.data}"
    if free < _LEAST_FREE_BYTES:
        return Verdict.TROUBLE, found, "free some space, or set DUSTLOCAL_HOME to another disk"
    return Verdict.FINE, found, ""


def _sqlite() -> Outcome:
    from indexer.store.sqlite import check_driver  # noqa: PLC0415 - loads sqlite-vec

    return Verdict.FINE, check_driver(), ""


def _git() -> Outcome:
    from indexer.git import git_version  # noqa: PLC0415 - loads GitPython

    version = git_version()
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers < _LEAST_GIT:
        return Verdict.TROUBLE, f"git {version}", "install git 2.36 or newer and put it on PATH"
    return Verdict.FINE, f"git {version}", ""


def _embedding(places: Places) -> Outcome:
    model = config.load(places.config_file).settings.embedding.model
    if model == "none":
        return Verdict.NOTICE, "switched off", "dustlocal config set embedding.model minilm"
    if model == "minilm":
        from indexer.embed import find_weights  # noqa: PLC0415

        files = find_weights([places.models])
        return Verdict.FINE, f"minilm: {files.model}", ""
    if model == "scripted" or Path(os.path.expanduser(model)).is_file():
        return Verdict.FINE, model, ""
    return Verdict.TROUBLE, f"{model}: is not there", "dustlocal config set embedding.model minilm"


def _llama() -> Outcome:
    if importlib.util.find_spec("llama_cpp") is None:
        how = "pip install 'dustlocal[llama]' (needs a compiler and five minutes)"
        return Verdict.NOTICE, "not installed: GGUF models can't be used", how
    return Verdict.FINE, "installed: GGUF models can be used", ""


def _file_events() -> Outcome:
    limit = Path("/proc/sys/fs/inotify/max_user_watches")
    if not sys.platform.startswith("linux") or not limit.exists():
        return Verdict.FINE, f"{sys.platform}: the system's own", ""
    watches = int(limit.read_text())
    found = f"inotify: {watches} watches allowed"
    if watches < _LEAST_WATCHES:
        fix = "for large repositories: sudo sysctl fs.inotify.max_user_watches=524288"
        return Verdict.NOTICE, found, fix
    return Verdict.FINE, found, ""


def _socket(places: Places) -> Outcome:
    pid = locks.holder(places.daemon_lock)
    if pid is None:
        return Verdict.FINE, "no daemon runs; commands start one when they need it", ""
    mode = stat.S_IMODE(places.socket.stat().st_mode)
    if mode & 0o077:
        return Verdict.TROUBLE, f"{places.socket}: open to others ({oct(mode)})", "dustlocal down"
    return Verdict.FINE, f"{places.socket}, process {pid}", ""
