"""Work trees of one repository share content, and each answers for its own version only."""

import os
from pathlib import Path

import pytest

from indexer.embed.scripted import ScriptedEmbedder
from indexer.index import Index
from indexer.model import SourceId
from indexer.search.query import Query, QueryEmbedder

SHARED = "def shared_helper():\n    return 'same on both branches'\n"


def embedder() -> QueryEmbedder:
    scripted = ScriptedEmbedder()
    return QueryEmbedder(scripted.id, scripted.dimension, lambda text: scripted.embed([text])[0])


def bring_up(index: Index, root: Path) -> SourceId:
    source = index.add(str(root)).id
    index.refresh(source)
    index.embed_pending(source, ScriptedEmbedder())
    return source


@pytest.fixture
def pair(make_repo, tmp_path):
    """A repository and a second work tree of it on another branch, one file different."""
    repo = make_repo()
    repo.commit(
        "first", **{"shared.py": SHARED, "own.py": "def own():\n    return 'main version'\n"}
    )
    other = tmp_path / "other-tree"
    repo.git("worktree", "add", "-q", "-b", "side", str(other))
    (other / "own.py").write_text("def own():\n    return 'side version'\n")
    return repo, other


def count(index: Index, source: SourceId, table: str) -> int:
    shard, _ = index._shard(source)
    with shard.reading() as connection:
        assert connection is not None
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_common_content_is_stored_and_embedded_once(pair, index: Index) -> None:
    repo, other = pair
    first = bring_up(index, repo.root)
    documents, vectors = count(index, first, "document"), count(index, first, "vector_key")
    bring_up(index, other)
    assert count(index, first, "document") == documents + 1
    assert count(index, first, "vector_key") == vectors + 1


@pytest.mark.parametrize("vectors", [True, False])
def test_each_tree_answers_with_its_own_version(pair, index: Index, vectors: bool) -> None:
    repo, other = pair
    main, side = bring_up(index, repo.root), bring_up(index, other)
    for source, mine, theirs in ((main, "main", "side"), (side, "side", "main")):
        query = Query("what version does own return", (source,), k=20)
        found = index.search(query, embedder() if vectors else None)
        texts = " ".join(passage.text for passage in found.passages)
        assert f"'{mine} version'" in texts
        assert f"'{theirs} version'" not in texts


@pytest.mark.parametrize("vectors", [True, False])
def test_k_results_come_back_when_k_exist(
    make_repo, index: Index, tmp_path: Path, vectors: bool
) -> None:
    """The other tree's many better matches must not use up the places of the few in this one."""
    repo = make_repo()
    repo.commit("first", **{f"few{n}.py": f"def few{n}():\n    return 'retry'\n" for n in range(8)})
    other = tmp_path / "crowd"
    repo.git("worktree", "add", "-q", "-b", "crowd", str(other))
    for number in range(500):
        (other / f"crowd{number}.py").write_text(
            f"def retry_{number}():\n    'retry retry retry'\n"
        )
    few = bring_up(index, repo.root)
    bring_up(index, other)
    found = index.search(Query("retry", (few,), k=8), embedder() if vectors else None)
    assert len(found.passages) == 8


def test_removing_one_tree_leaves_what_the_other_shares(pair, index: Index) -> None:
    repo, other = pair
    main, side = bring_up(index, repo.root), bring_up(index, other)
    (other / "secret_marker.md").write_text("zanzibar quuxmarker\n")
    index.refresh(side)
    index.remove(side)
    assert index.search(Query("shared helper", (main,))).passages
    assert not index.search(Query("zanzibar quuxmarker", (main,))).passages
    leftovers = b"".join(path.read_bytes() for path in index.folder.iterdir())
    assert b"quuxmark" not in leftovers
    assert b"side version" not in leftovers
    assert str(other).encode() not in leftovers


def test_removing_the_last_source_leaves_no_file_of_it(make_repo, index: Index) -> None:
    repo = make_repo()
    repo.commit("first marker", **{"a.py": "quuxmarker = 1\n"})
    source = bring_up(index, repo.root)
    index.refresh_commits(source)
    index.remove(source)
    assert [
        path.name
        for path in index.folder.iterdir()
        if not path.name.startswith(("catalog", "parsing"))
    ] == []
    assert str(repo.root).encode() not in b"".join(p.read_bytes() for p in index.folder.iterdir())


def test_the_index_is_private(make_repo, index: Index) -> None:
    repo = make_repo()
    repo.commit("first", **{"a.py": SHARED})
    bring_up(index, repo.root)
    modes = {path.name: os.stat(path).st_mode & 0o777 for path in index.folder.iterdir()}
    assert set(modes.values()) == {0o600}, modes


def test_a_chunk_that_comes_back_keeps_its_vector(make_repo, index: Index) -> None:
    repo = make_repo()
    repo.commit("first", **{"a.py": SHARED})
    source = bring_up(index, repo.root)
    (repo.root / "a.py").write_text("def other():\n    return 2\n")
    index.refresh(source)
    (repo.root / "a.py").write_text(SHARED)
    index.refresh(source)
    assert index.pending_vectors(source) == 0
