"""A damaged database is noticed, set aside and made anew, and searching works again."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chaos_source import everything, shard_of, write
from index_child import finish, go, run, start

from indexer.embed.scripted import ScriptedEmbedder
from indexer.errors import StoreDamaged
from indexer.index import Index
from indexer.model import Source
from indexer.search.query import Query

pytestmark = pytest.mark.chaos

PAGE = 4096


@pytest.fixture
def opened(indexed: Path) -> Iterator[Index]:
    index = Index(indexed)
    yield index
    index.close()


def put_garbage_at_the_start(file: Path) -> None:
    file.write_bytes(b"\0garbage\xff" * 500 + file.read_bytes()[4500:])


def cut_in_half(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2 // PAGE * PAGE])


def cut_within_a_page(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: PAGE * 5 + 1234])


def overwrite_the_schema(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[100:PAGE] = bytes(PAGE - 100)
    file.write_bytes(content)


def empty(file: Path) -> None:
    file.write_bytes(b"")


WHOLESALE = [put_garbage_at_the_start, cut_in_half, cut_within_a_page, overwrite_the_schema]


@pytest.mark.parametrize("damage", WHOLESALE)
def test_a_ruined_shard_is_rebuilt_by_the_next_refresh(
    root: Path,
    indexed: Path,
    damage: Callable[[Path], None],
    assert_equals_rebuild: Callable[..., None],
) -> None:
    damage(shard_of(indexed))
    index = Index(indexed)
    (source,) = index.sources()
    with pytest.raises(StoreDamaged) as caught:
        index.search(Query("alpha", (source.id,)))
    assert "rebuilt" in caught.value.hint
    done = index.refresh(source.id)
    assert done.rebuilt
    assert done.read == 87
    assert index.search(Query("alpha", (source.id,))).passages
    assert len(list(indexed.glob("*.damaged-*"))) == 1
    assert not index.refresh(source.id).rebuilt
    index.close()
    assert run(indexed, *everything(root))[0] == 0
    assert_equals_rebuild(indexed, root)


def test_a_ruined_page_is_found_wherever_it_lies(indexed: Path, opened: Index) -> None:
    shard = shard_of(indexed)
    opened.close()
    whole = shard.read_bytes()
    rng = random.Random(11)
    pages = rng.sample(range(1, len(whole) // PAGE), 40)
    for page in pages:
        shard.write_bytes(ruined(whole, page, rng))
        (source,) = opened.sources()
        found, _ = opened._shard(source.id)
        assert found.check(), f"page {page} of {len(whole) // PAGE}"
        opened.close()


def ruined(content: bytes, page: int, rng: random.Random) -> bytes:
    return content[: page * PAGE] + rng.randbytes(PAGE) + content[(page + 1) * PAGE :]


@pytest.mark.parametrize("seed", range(6))
def test_work_goes_on_over_a_ruined_page_and_a_look_mends_it(
    root: Path, indexed: Path, seed: int, assert_equals_rebuild: Callable[..., None]
) -> None:
    """Whatever is met first raises nothing but `StoreDamaged`, and in the end all is well."""
    rng = random.Random(seed)
    shard = shard_of(indexed)
    content = shard.read_bytes()
    for _ in range(3):
        content = ruined(content, rng.randrange(1, len(content) // PAGE), rng)
    shard.write_bytes(content)
    write(root, "pkg0/module0.py", "def changed():\n    return 1\n")
    index = Index(indexed)
    (source,) = index.sources()
    rebuilt = work_until_quiet(index, source)
    assert index.heal(source.id) or rebuilt
    index.close()
    assert run(indexed, *everything(root))[0] == 0
    assert_equals_rebuild(indexed, root)


def work_until_quiet(index: Index, source: Source) -> bool:
    """What a daemon does all day, damage or not; whether a refresh rebuilt the index."""
    rebuilt = False
    for work in (
        lambda: index.search(Query("alpha retries words", (source.id,))),
        lambda: index.refresh_commits(source.id),
        lambda: index.embed_pending(source.id, ScriptedEmbedder()),
        lambda: index.skips(source.id),
        lambda: index.lines(source.id, "docs/page1.md", 1, 2),
    ):
        try:
            work()
        except StoreDamaged:
            rebuilt |= index.refresh(source.id).rebuilt
    return index.refresh(source.id).rebuilt or rebuilt


def test_a_text_that_fails_its_checksum_is_damage(indexed: Path, opened: Index) -> None:
    with sqlite3.connect(shard_of(indexed)) as connection:
        connection.execute("UPDATE document SET text = x'00' WHERE path = 'docs/page1.md'")
    connection.close()
    (source,) = opened.sources()
    with pytest.raises(StoreDamaged):
        opened.lines(source.id, "docs/page1.md", 1, 1)
    assert opened.refresh(source.id).rebuilt
    assert opened.lines(source.id, "docs/page1.md", 1, 1) == "# Title 1"


def test_a_log_that_was_deleted_costs_only_what_was_in_it(
    root: Path, folder: Path, assert_equals_rebuild: Callable[..., None]
) -> None:
    status, _ = run(folder, *everything(root), DUSTLOCAL_CRASH_AT="after-document:60")
    assert status < 0
    log = shard_of(folder).with_name(shard_of(folder).name + "-wal")
    assert log.stat().st_size > 0
    log.unlink()
    assert run(folder, *everything(root))[0] == 0
    assert_equals_rebuild(folder, root)


def test_views_in_memory_do_not_outlive_the_file(indexed: Path, opened: Index, root: Path) -> None:
    """The new file counts from the beginning: its numbers must not be taken for the old one's."""
    (source,) = opened.sources()
    assert opened.search(Query("alpha1", (source.id,))).passages[0].path == "pkg1/module1.py"
    shard_of(indexed).write_bytes(b"garbage")
    assert run(indexed, f"refresh:{root}")[0] == 0
    for number in range(30):
        write(root, "pkg0/module0.py", f"def omega{number}():\n    return 1\n")
        opened.refresh(source.id)
        found = opened.search(Query(f"omega{number}", (source.id,), k=1)).passages
        assert found[0].text.startswith(f"def omega{number}()")
    assert opened.search(Query("alpha1", (source.id,))).passages[0].path == "pkg1/module1.py"


@pytest.mark.parametrize("damage", [*WHOLESALE[:2], Path.unlink, empty])
def test_a_lost_catalog_is_made_anew_from_the_shards(
    root: Path,
    indexed: Path,
    damage: Callable[[Path], None],
    assert_equals_rebuild: Callable[..., None],
) -> None:
    side = root.with_name("side")
    plain = root.with_name("plain")
    write(plain, "notes.md", "# Alpha\n")
    write(side, "source/notes.md", "# Beta\n")
    wanted = [root, plain, side / "source"]
    for each in wanted[1:]:
        assert run(indexed, *everything(each))[0] == 0
    index = Index(indexed)
    before = index.sources()
    assert [source.name for source in before] == ["plain", "source", "source~2"]
    index.close()
    damage(indexed / "catalog.db")
    index = Index(indexed)
    assert index.sources() == before
    assert all(index.refresh(source.id).idle for source in before)
    index.close()
    assert_equals_rebuild(indexed, *wanted)


def test_two_processes_that_find_the_catalog_damaged_make_one_anew(
    root: Path, indexed: Path, assert_equals_rebuild: Callable[..., None]
) -> None:
    (indexed / "catalog.db").write_bytes(b"garbage" * 2000)
    children = [start(indexed, *everything(root)) for _ in range(3)]
    for child in children:
        go(child)
    for child in children:
        assert finish(child)[0] == 0
    assert_equals_rebuild(indexed, root)


def test_removing_a_source_removes_what_was_set_aside_of_it(root: Path, indexed: Path) -> None:
    side = root.with_name("side")
    write(side, "only.md", "# Beta\n")
    assert run(indexed, *everything(side))[0] == 0
    for file in sorted(indexed.glob("*.db"), reverse=True):
        cut_in_half(file)
        assert run(indexed, f"refresh:{root}", f"refresh:{side}")[0] == 0
    assert len(list(indexed.glob("*.damaged-*"))) == 3
    assert run(indexed, f"remove:{root}", f"remove:{side}")[0] == 0
    names = {path.name.partition("-")[0] for path in indexed.iterdir()}
    assert names <= {"catalog.db", "parsing"}
    text = b"".join(path.read_bytes() for path in indexed.iterdir())
    assert str(root.parent).encode() not in text
