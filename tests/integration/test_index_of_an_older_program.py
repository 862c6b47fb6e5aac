"""A program that reads, redacts or chunks differently makes anew what the last one stored."""

from __future__ import annotations

import pytest

from indexer import commits
from indexer.index import Index
from indexer.model import SkipReason
from indexer.store import documents
from indexer.work import IndexOptions


@pytest.fixture
def raise_pipeline(monkeypatch: pytest.MonkeyPatch):
    """The program after an update that stores contents differently."""

    def update() -> None:
        monkeypatch.setattr(documents, "PIPELINE", documents.PIPELINE + 1)
        monkeypatch.setattr(commits, "PIPELINE", commits.PIPELINE + 1)

    return update


def stored(index: Index, source: str, table: str, column: str) -> list[object]:
    shard, _ = index._shard(source)
    with shard.reading() as connection:
        assert connection is not None
        return [row[0] for row in connection.execute(f"SELECT DISTINCT {column} FROM {table}")]


def test_files_skips_and_commits_are_made_anew_once(repo, index, raise_pipeline) -> None:
    repo.write("lines.js", "a=1;" * 4_000)
    source = index.add(str(repo.root)).id
    assert index.refresh(source).read == 3
    assert index.refresh_commits(source) == 1
    assert index.refresh(source).idle
    raise_pipeline()
    assert index.refresh(source).read == 3
    assert index.refresh_commits(source) == 1
    assert stored(index, source, "document", "pipeline") == [documents.PIPELINE]
    assert {skip.reason for skip in index.skips(source)} == {SkipReason.MINIFIED}
    assert index.refresh(source).idle
    assert index.refresh_commits(source) == 0


def test_a_stop_half_way_costs_only_the_other_half(repo, index, raise_pipeline) -> None:
    for number in range(6):
        repo.write(f"page{number}.md", f"# Page {number}\n")
    source = index.add(str(repo.root)).id
    index.refresh(source)
    raise_pipeline()
    stops = iter([False, False, True])
    assert index.refresh(source, should_stop=lambda: next(stops)).stopped
    assert index.refresh(source).read == 5
    assert index.refresh(source).idle


def test_work_trees_that_share_commits_make_them_anew_together(repo, index, raise_pipeline) -> None:
    side = repo.root.with_name("side")
    repo.git("worktree", "add", "--quiet", "-b", "side", str(side))
    repo.git("-C", str(side), "commit", "--quiet", "--allow-empty", "-m", "Beside")
    sources = [index.add(str(root)).id for root in (repo.root, side)]
    for source in sources:
        index.refresh_commits(source)
    raise_pipeline()
    for source in sources * 2:
        index.refresh_commits(source)
    assert [index.coverage([source]).commits for source in sources] == [1, 2]
    assert all(index.refresh_commits(source) == 0 for source in sources)


def test_more_commits_are_read_when_more_are_wanted(repo, tmp_path) -> None:
    for number in range(4):
        repo.commit(f"Number {number}")
    few = Index(tmp_path / "index", IndexOptions(max_commits=2))
    source = few.add(str(repo.root)).id
    assert few.refresh_commits(source) == 2
    few.close()
    more = Index(tmp_path / "index", IndexOptions(max_commits=4))
    assert more.refresh_commits(source) == 2
    assert more.coverage([source]).commits == 4
    more.close()
    fewer = Index(tmp_path / "index", IndexOptions(max_commits=1))
    fewer.refresh_commits(source)
    assert fewer.coverage([source]).commits == 1
    fewer.close()


def test_a_work_tree_that_comes_back_has_its_commits_again(repo, index) -> None:
    side = repo.root.with_name("side")
    repo.git("worktree", "add", "--quiet", "-b", "side", str(side))
    for root in (repo.root, side):
        index.refresh_commits(index.add(str(root)).id)
    again = index.add(str(side)).id
    index.remove(again)
    index.add(str(side))
    assert index.refresh_commits(again) == 1
    assert index.coverage([again]).commits == 1
