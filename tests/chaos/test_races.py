"""Two processes at once, a clock that jumps, a source that goes away: right in the end."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chaos_source import everything, git, write
from index_child import finish, go, run, start

from indexer import files, ingest
from indexer.embed.scripted import ScriptedEmbedder
from indexer.errors import SourceNotFound
from indexer.index import Index
from indexer.model import Source
from indexer.store.sqlite import BUSY_TIMEOUT_MS

pytestmark = pytest.mark.chaos


def race(folder: Path, *commands: list[str]) -> None:
    """Run processes at the same time; all must end well."""
    children = [start(folder, *each) for each in commands]
    for child in children:
        go(child)
    for child in children:
        status, said = finish(child)
        assert status == 0, said


@pytest.mark.parametrize("attempt", range(2))
def test_two_processes_index_the_same_source_at_once(
    root: Path, folder: Path, attempt: int, assert_equals_rebuild: Callable[..., None]
) -> None:
    race(folder, everything(root), everything(root))
    assert_equals_rebuild(folder, root)


def test_two_work_trees_of_a_repository_are_indexed_at_once(
    root: Path, folder: Path, assert_equals_rebuild: Callable[..., None]
) -> None:
    side = root.with_name("side")
    git(root, "worktree", "add", "--quiet", "-b", "side", str(side))
    write(side, "log0.txt", "another line\n")
    race(folder, everything(root), everything(side))
    assert_equals_rebuild(folder, root, side)


def test_a_source_is_removed_by_one_process_and_embedded_by_another(
    root: Path, indexed: Path, assert_equals_rebuild: Callable[..., None]
) -> None:
    """A file that another process has replaced must not be written to any more."""
    index = Index(indexed)
    (source,) = index.sources()
    write(root, "new.py", "def omega():\n    pass\n")
    index.refresh(source.id)
    assert run(indexed, f"remove:{root}", f"add:{root}", f"refresh:{root}")[0] == 0
    assert index.pending_vectors(source.id) > 50
    index.embed_pending(source.id, ScriptedEmbedder())
    assert index.pending_vectors(source.id) == 0
    index.close()
    assert run(indexed, f"commits:{root}")[0] == 0
    assert_equals_rebuild(indexed, root)


def test_vectors_of_two_models_never_mix_when_two_processes_embed(
    root: Path, indexed: Path
) -> None:
    index, other = Index(indexed), Index(indexed)
    (source,) = index.sources()
    small = ScriptedEmbedder(64)

    class Overtaken(ScriptedEmbedder):
        """While it computes, another process switches the model."""

        def embed(self, texts):
            other.embed_pending(source.id, small)
            return super().embed(texts)

    index.embed_pending(source.id, small)
    assert index.embed_pending(source.id, Overtaken()) == 0
    shard, _ = index._shard(source.id)
    with shard.reading() as connection:
        assert connection is not None
        rows = connection.execute("SELECT length(embedding), count(*) FROM vector GROUP BY 1")
        assert [length for length, _ in rows.fetchall()] == [64]
    index.close()
    other.close()


def test_a_clock_that_jumps_makes_nothing_stale(
    root: Path, indexed: Path, assert_equals_rebuild: Callable[..., None]
) -> None:
    year = 365 * 86_400 * 10**9
    now = time.time_ns()
    index = Index(indexed)
    (source,) = index.sources()
    file = root / "pkg0/module0.py"
    for moment in (now + year, now - 30 * year, 0, now + 50 * year, now):
        before = file.read_text()
        file.write_text(before.replace("x", "y") if "x" in before else before.replace("y", "x"))
        os.utime(file, ns=(moment, moment))
        assert index.refresh(source.id).read == 1
        assert index.refresh(source.id).idle
        assert index.lines(source.id, "pkg0/module0.py", 1, 9) == file.read_text().rstrip("\n")
    index.embed_pending(source.id, ScriptedEmbedder())
    index.close()
    assert_equals_rebuild(indexed, root)


def test_an_edit_that_hides_itself_is_noticed(root: Path, indexed: Path) -> None:
    """The same size and the same modification time: what tells is the time of the change."""
    index = Index(indexed)
    (source,) = index.sources()
    file = root / "pkg0/module0.py"
    facts = file.stat()
    file.write_text(file.read_text().replace("alpha0", "omega0"))
    os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert file.stat().st_size == facts.st_size
    assert index.refresh(source.id).read == 1
    assert "omega0" in (index.lines(source.id, "pkg0/module0.py", 1, 1) or "")
    index.close()


@pytest.fixture
def opened(indexed: Path) -> Iterator[tuple[Index, Source]]:
    index = Index(indexed)
    (source,) = index.sources()
    yield index, source
    index.close()


def test_a_source_that_is_gone_keeps_its_rows(root: Path, opened: tuple[Index, Source]) -> None:
    index, source = opened
    before = index.manifest(source.id)
    commits = index.coverage([source.id]).commits
    root.rename(root.with_name("elsewhere"))
    for paths in (None, ["pkg0/module0.py"]):
        with pytest.raises(SourceNotFound):
            index.refresh(source.id, paths)
    with pytest.raises(SourceNotFound):
        index.refresh_commits(source.id)
    assert index.manifest(source.id) == before
    assert index.coverage([source.id]).commits == commits == 300
    root.with_name("elsewhere").rename(root)
    assert index.refresh(source.id).idle


@pytest.mark.parametrize("after", [0, 1, 20])
def test_a_source_that_goes_away_while_it_is_read_keeps_its_rows(
    root: Path, opened: tuple[Index, Source], monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    index, source = opened
    before = index.manifest(source.id)
    for path in (root / "docs").iterdir():
        path.write_text("# Changed\n")
    read, reads = ingest.read_file, []

    def read_and_lose(where: str, path: str, limit: int) -> files.FileContent:
        reads.append(path)
        if len(reads) == after + 1:
            root.rename(root.with_name("elsewhere"))
        return read(where, path, limit)

    monkeypatch.setattr(ingest, "read_file", read_and_lose)
    with pytest.raises(SourceNotFound):
        index.refresh(source.id)
    assert index.manifest(source.id).keys() == before.keys()


def test_a_source_that_goes_away_while_it_is_listed_keeps_its_rows(
    root: Path, opened: tuple[Index, Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    from indexer import discover

    index, source = opened
    before = index.manifest(source.id)
    looked = iter(range(10_000))
    look = os.lstat

    def look_and_lose(path, **more):
        if str(path).startswith(str(root)) and next(looked) == 50:
            shutil.rmtree(root)
        return look(path, **more)

    monkeypatch.setattr(discover.os, "lstat", look_and_lose)
    with pytest.raises(SourceNotFound):
        index.refresh(source.id)
    assert index.manifest(source.id) == before


def test_a_long_search_does_not_hold_up_a_refresh(root: Path, opened: tuple[Index, Source]) -> None:
    index, source = opened
    reader = Index(index.folder)
    shard, _ = reader._shard(source.id)
    write(root, "new.py", "def omega():\n    pass\n")
    began = time.monotonic()
    with shard.reading() as connection:
        assert connection is not None
        before = connection.execute("SELECT count(*) FROM entry").fetchone()
        assert index.refresh(source.id).read == 1
        assert connection.execute("SELECT count(*) FROM entry").fetchone() == before
    assert time.monotonic() - began < BUSY_TIMEOUT_MS / 1000 / 2
    reader.close()


def test_searches_go_on_while_another_process_indexes(root: Path, folder: Path) -> None:
    """No error and no half-written document, in any thread."""
    from indexer.search.query import Query

    assert run(folder, f"add:{root}")[0] == 0
    index = Index(folder)
    (source,) = index.sources()
    child = start(folder, *everything(root))
    problems: list[BaseException] = []

    def search() -> None:
        try:
            while child.poll() is None:
                for passage in index.search(Query("alpha retries", (source.id,))).passages:
                    assert passage.text
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=search) for _ in range(3)]
    go(child)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert finish(child)[0] == 0
    assert problems == []
    assert index.search(Query("alpha7", (source.id,))).passages
    index.close()
