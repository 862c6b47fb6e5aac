"""A full disk and a folder that can't be written: a clear error, nothing lost, nothing hung."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from chaos_source import everything, write
from index_child import USER, finish, go, run, start

from indexer.errors import StoreFull, StoreReadOnly
from indexer.index import Index
from indexer.search.query import Query

pytestmark = pytest.mark.chaos

NOBODY = 65534


@contextmanager
def mounted(place: Path) -> Iterator[Path]:
    """A file system of six megabytes of its own at `place`."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(place)]
    done = subprocess.run(mount, capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.decode().strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "small") as place:
        yield place


def fill(place: Path, spare: int = 0) -> Path:
    """Take all space but `spare` bytes; returns the file that takes it."""
    ballast = place / "ballast"
    facts = os.statvfs(place)
    size = max(0, facts.f_bavail * facts.f_frsize - spare)
    with open(ballast, "ab") as file:
        os.posix_fallocate(file.fileno(), file.tell(), size)
    return ballast


@pytest.mark.parametrize("spare", [0, 8_192, 50_000, 200_000, 400_000])
def test_a_full_disk_is_told_and_costs_nothing(
    root: Path, small_disk: Path, spare: int, assert_equals_rebuild: Callable[..., None]
) -> None:
    ballast = fill(small_disk, spare)
    folder = small_disk / "index"
    status, said = run(folder, *everything(root))
    assert status == 1
    assert said.splitlines()[-1].startswith("StoreFull: no space left for the index")
    assert "nothing indexed is lost" in said
    ballast.unlink()
    assert run(folder, *everything(root))[0] == 0
    assert_equals_rebuild(folder, root)


def test_what_was_indexed_before_the_disk_was_full_is_still_found(
    root: Path, small_disk: Path, assert_equals_rebuild: Callable[..., None]
) -> None:
    folder = small_disk / "index"
    assert run(folder, *everything(root))[0] == 0
    index = Index(folder)
    (source,) = index.sources()
    assert index.search(Query("alpha1", (source.id,))).passages
    ballast = fill(small_disk)
    for number in range(40):
        write(root, f"new{number}.py", f"def omega{number}():\n    pass\n" * 200)
    with pytest.raises(StoreFull):
        index.refresh(source.id)
    assert index.search(Query("alpha1", (source.id,))).passages
    with pytest.raises(StoreFull):
        index.remove(source.id)
        index.add(str(root))
        index.refresh(source.id)
    ballast.unlink()
    index.close()
    assert run(folder, *everything(root))[0] == 0
    assert_equals_rebuild(folder, root)


def test_a_disk_that_fills_up_and_empties_again_in_one_process(
    root: Path, small_disk: Path, assert_equals_rebuild: Callable[..., None]
) -> None:
    """A daemon lives through it: no connection is left in a state that needs a new process."""
    folder = small_disk / "index"
    index = Index(folder)
    source = index.add(str(root)).id
    for spare in (0, 30_000, 90_000, 300_000):
        ballast = fill(small_disk, spare)
        with pytest.raises(StoreFull):
            index.refresh(source)
        ballast.unlink()
    index.refresh(source)
    index.close()
    assert run(folder, *everything(root))[0] == 0
    assert_equals_rebuild(folder, root)


@pytest.fixture
def shut(indexed: Path, tmp_path: Path) -> Iterator[Path]:
    """The index on a file system that is mounted read-only."""
    with mounted(tmp_path / "shut") as place:
        shutil.copytree(indexed, place / "index")
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        yield place / "index"


def test_a_read_only_disk_is_told(root: Path, shut: Path) -> None:
    write(root, "new.py", "x = 1\n")
    index = Index(shut)
    for work in (index.sources, lambda: index.add(str(root)), lambda: Index(shut / "no").sources()):
        with pytest.raises(StoreReadOnly) as caught:
            work()
        assert str(shut) in str(caught.value)
        assert "DUSTLOCAL_HOME" in caught.value.hint
    index.close()


def test_a_read_only_folder_is_told_and_left_alone(tmp_path: Path, folder: Path) -> None:
    plain = tmp_path / "plain"
    write(plain, "notes.md", "# Alpha\n")
    assert run(folder, *everything(plain))[0] == 0
    write(plain, "more.md", "# Beta\n")
    child = start(folder, f"refresh:{plain}", **as_nobody(tmp_path))
    for path in (*folder.iterdir(), folder):
        path.chmod(0o500)
    go(child)
    status, said = finish(child)
    assert status == 1
    assert said.startswith(f"StoreReadOnly: the index can't be written: {folder}")
    for path in (folder, *folder.iterdir()):
        path.chmod(0o700)
    assert run(folder, f"refresh:{plain}")[0] == 0


def as_nobody(below: Path) -> dict[str, str]:
    """The environment of a child without rights beyond `below`: a mode means nothing to root."""
    if os.geteuid() != 0:
        return {}
    for parent in below.parents:
        if parent.stat().st_uid == 0 and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o011)
    for path in (below, *below.rglob("*")):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    return {USER: str(NOBODY)}
