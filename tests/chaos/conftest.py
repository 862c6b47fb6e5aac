"""A source and an index of it that are made by a process of their own, and the proof."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chaos_source import everything, make_source
from index_child import run
from index_dump import dump

from indexer.embed.scripted import ScriptedEmbedder
from indexer.index import Index


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A source with something of everything."""
    made = tmp_path.resolve() / "source"
    make_source(made)
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the index is."""
    return tmp_path / "index"


@pytest.fixture
def indexed(root: Path, folder: Path) -> Path:
    """The index folder, with everything of `root` in it."""
    status, said = run(folder, *everything(root))
    assert status == 0, said
    return folder


@pytest.fixture
def assert_equals_rebuild(tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Compare what is stored of some sources with an index that is made from nothing."""
    opened: list[Index] = []

    def check(folder: Path, *roots: Path) -> None:
        index = Index(folder)
        fresh = Index(tmp_path / f"rebuilt-{len(opened)}")
        opened.extend((index, fresh))
        assert {source.root for source in index.sources()} == {str(root) for root in roots}
        sources = [fresh.add(str(root)).id for root in roots]
        for source in sources:
            fresh.refresh(source)
            fresh.refresh_commits(source)
            fresh.embed_pending(source, ScriptedEmbedder())
        for source in sources:
            assert dump(index, source) == dump(fresh, source)
            shard, _ = index._shard(source)
            assert shard.check() == []

    yield check
    for each in opened:
        each.close()
