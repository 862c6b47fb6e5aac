"""What a source's watching is worth right now, and what to do when the system says no."""

from __future__ import annotations

import errno
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

_PROC = Path("/proc/sys/fs/inotify")

# What desktop distributions and editors recommend for watches; the others follow the same idea.
_RECOMMENDED = {
    "max_user_watches": 524_288,
    "max_user_instances": 1_024,
    "max_queued_events": 131_072,
}


class Mode(StrEnum):
    """How changes of a source are noticed."""

    WATCHING = "watching"
    POLLING = "polling"


@dataclass(frozen=True, slots=True)
class WatchState:
    """How a source is watched: `watches` folders, and for trouble the reason and the fix."""

    mode: Mode
    watches: int
    reason: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why the system's events can't be relied on, and what the user can do about it.

    `blind`: no events come at all, so trying again soon is of no use.
    """

    reason: str
    hint: str
    blind: bool = True


def overflow_trouble() -> Trouble:
    """The system dropped events because too many came at once."""
    if sys.platform != "linux":
        return Trouble("the system dropped file events", "Nothing to do.", blind=False)
    hint = _sysctl("max_queued_events")
    return Trouble("the kernel's queue of file events overflowed", hint, blind=False)


def thread_trouble() -> Trouble:
    """The thread that reads events has ended by itself."""
    return Trouble("the thread that reads file events has ended", "Restart the daemon.")


def limit_trouble(error: OSError) -> Trouble:
    """What an error of setting up watches means: `inotify_init(2)`, `inotify_add_watch(2)`."""
    if error.errno == errno.ENOSPC:
        return Trouble("the limit of inotify watches is reached", _sysctl("max_user_watches"))
    if error.errno == errno.EMFILE:
        hint = _sysctl("max_user_instances") + " If that is high enough, raise `ulimit -n`."
        return Trouble("the limit of inotify instances or open files is reached", hint)
    return Trouble(f"watching failed: {error}", "Changes are polled until watching works again.")


def _sysctl(name: str) -> str:
    current = _current(name)
    wanted = max(_RECOMMENDED[name], 2 * (current or 0))
    now = "" if current is None else f" (now {current})"
    return f"Raise fs.inotify.{name}{now}: sudo sysctl fs.inotify.{name}={wanted}"


def _current(name: str) -> int | None:
    try:
        return int((_PROC / name).read_text("ascii"))
    except (OSError, ValueError):
        return None  # Only a nicety of the hint: some containers hide /proc/sys.
