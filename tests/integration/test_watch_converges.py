"""A consumer that reads only what batches name ends with the same picture as the disk."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.model import SourceId
from indexer.watch import Batch, Watcher

SOURCE = SourceId("s")
QUIET_SECONDS = 1.5
STEPS = 300


class Mirror:
    """Contents by path, brought up to date from batches alone."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files: dict[str, bytes] = {}
        self.batches = 0

    def folders(self) -> frozenset[str]:
        return frozenset(os.path.dirname(path) for path in self.files)

    def apply(self, batch: Batch) -> None:
        self.batches += 1
        if batch.paths is None:
            self.files = dict(walk(self.root, ""))
        for path in batch.paths or ():
            self._look(path)

    def _look(self, path: str) -> None:
        self.files.pop(path, None)
        on_disk = self.root / path
        if on_disk.is_file():
            self.files[path] = on_disk.read_bytes()
        elif on_disk.is_dir():
            inside = [each for each in self.files if os.path.dirname(each) == path]
            for each in {*inside, *(f"{path}/{name}".lstrip("/") for name in os.listdir(on_disk))}:
                self.files.pop(each, None)
                if (self.root / each).is_file():
                    self.files[each] = (self.root / each).read_bytes()


def walk(root: Path, folder: str) -> Iterator[tuple[str, bytes]]:
    for here, _, names in os.walk(root / folder):
        for name in names:
            path = Path(here, name)
            try:
                yield str(path.relative_to(root)), path.read_bytes()
            except FileNotFoundError:
                continue  # Gone since it was listed: its event is on the way.


def edit(root: Path, dice: random.Random) -> None:
    """One random change: save, save aside, move, delete, of a file or a folder."""
    names = ["a", "b", "c"]
    folder = root.joinpath(*dice.choices(names, k=dice.randint(0, 3)))
    target = root.joinpath(*dice.choices(names, k=dice.randint(1, 3)))
    match dice.randint(0, 60):
        case 0 if folder != root and folder.is_dir():
            shutil.rmtree(folder)
        case 1 if folder != root and folder.is_dir() and not target.exists():
            if target.parent.is_dir() and not target.is_relative_to(folder):
                folder.rename(target)
        case 2:
            folder.mkdir(parents=True, exist_ok=True)
        case number if number % 4 == 1 and folder.is_dir():
            aside = folder / "f.tmp"
            aside.write_bytes(dice.randbytes(4))
            aside.replace(folder / f"f{dice.randint(0, 3)}")
        case number if number % 3 == 0 and folder.is_dir():
            (folder / f"f{dice.randint(0, 3)}").unlink(missing_ok=True)
        case _ if folder.is_dir():
            (folder / f"f{dice.randint(0, 3)}").write_bytes(dice.randbytes(4))


@pytest.mark.parametrize("seed", [1, 2])
def test_after_any_edits_the_picture_equals_the_disk(tmp_path: Path, seed: int) -> None:
    root = (tmp_path / "source").resolve()
    for folder in ("a/b", "b/c/a", "c"):
        (root / folder).mkdir(parents=True)
    dice = random.Random(seed)

    async def main() -> None:
        mirror = Mirror(root)
        async with Watcher() as watcher:
            watcher.set_folders(SOURCE, str(root), frozenset())
            writing = asyncio.create_task(write())
            while (batch := await next_or_none(watcher)) is not None or not writing.done():
                if batch is not None:
                    mirror.apply(batch)
                    watcher.set_folders(SOURCE, str(root), mirror.folders())
                    watcher.done(SOURCE)
            await writing
        assert mirror.files == dict(walk(root, ""))
        assert mirror.batches < STEPS

    async def write() -> None:
        for step in range(STEPS):
            edit(root, dice)
            if step % 10 == 0:
                await asyncio.sleep(dice.choice([0, 0.02, 0.2]))  # edits and batches interleave

    async def next_or_none(watcher: Watcher) -> Batch | None:
        try:
            return await asyncio.wait_for(watcher.next_batch(), QUIET_SECONDS)
        except TimeoutError:
            return None

    asyncio.run(main())
