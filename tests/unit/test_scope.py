"""Which sources a request means, by the rules of the product."""

from __future__ import annotations

from pathlib import Path

import pytest

from dustlocal.api import Scope
from dustlocal.daemon.scope import resolve
from dustlocal.errors import BareRepository, ScopeError
from indexer.model import Source, SourceId


def make_repository(root: Path) -> Path:
    (root / ".git" / "objects").mkdir(parents=True)
    (root / ".git" / "refs").mkdir()
    (root / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    return root


def source(root: Path, name: str = "") -> Source:
    return Source(SourceId(f"id-{name or root.name}"), name or root.name, str(root))


@pytest.fixture
def top(tmp_path: Path) -> Path:
    return tmp_path.resolve()


@pytest.fixture
def repo(top: Path) -> Path:
    made = make_repository(top / "repo")
    (made / "src" / "deep").mkdir(parents=True)
    (made / "src" / "app.py").write_text("")
    return made


def test_the_nearest_known_root_above_is_meant(repo: Path) -> None:
    found = resolve(Scope(path=str(repo / "src" / "deep")), [source(repo)])
    assert found.names == ("repo",)
    assert found.prefix == {}


def test_a_path_inside_a_source_means_the_subtree(repo: Path) -> None:
    known = source(repo)
    for item, below in (("src", "src"), ("src/app.py", "src/app.py"), (".", None)):
        found = resolve(Scope(sources=(item,), path=str(repo)), [known])
        assert found.names == ("repo",)
        assert found.prefix.get(known.id) == below


def test_an_unknown_repository_is_to_be_added_only_if_asked(repo: Path) -> None:
    found = resolve(Scope(path=str(repo / "src"), add=True), [])
    assert found.unknown == (str(repo),)
    with pytest.raises(ScopeError) as caught:
        resolve(Scope(path=str(repo / "src")), [])
    assert f"dustlocal add {repo}" in caught.value.hint


def test_a_repository_inside_a_known_folder_is_one_of_its_own(repo: Path, top: Path) -> None:
    around = source(top, "around")
    assert resolve(Scope(path=str(repo), add=True), [around]).unknown == (str(repo),)
    assert resolve(Scope(path=str(repo)), [around, source(repo)]).names == ("repo",)
    assert resolve(Scope(path=str(top)), [around, source(repo)]).names == ("around",)


def test_outside_any_repository_all_sources_are_meant_and_none_is_added(
    repo: Path, top: Path
) -> None:
    (top / "plain").mkdir()
    found = resolve(Scope(path=str(top / "plain"), add=True), [source(repo), source(top / "x")])
    assert found.names == ("repo", "x")
    assert found.unknown == ()


def test_with_nothing_known_the_error_says_how_to_add(top: Path) -> None:
    with pytest.raises(ScopeError) as caught:
        resolve(Scope(path=str(top), add=True), [])
    assert "dustlocal add PATH" in caught.value.hint


def test_the_home_folder_is_never_added_by_itself(
    top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = make_repository(top / "home")
    (home / "notes").mkdir()
    monkeypatch.setenv("HOME", str(home))
    other = source(top / "other")
    for place in (home, home / "notes"):
        found = resolve(Scope(path=str(place), add=True), [other])
        assert (found.names, found.unknown) == (("other",), ())


def test_all_means_every_known_source(repo: Path, top: Path) -> None:
    known = [source(repo), source(top / "x")]
    assert resolve(Scope(everywhere=True), known).sources == tuple(known)


def test_a_name_or_an_id_means_that_source(repo: Path) -> None:
    known = [source(repo), source(repo.parent / "other", "repo~2")]
    assert resolve(Scope(sources=("repo~2",)), known).names == ("repo~2",)
    assert resolve(Scope(sources=("id-repo",)), known).names == ("repo",)


def test_a_name_wins_over_a_path_of_that_name(repo: Path, top: Path) -> None:
    known = [source(repo), source(top / "elsewhere", "src")]
    found = resolve(Scope(sources=("src",), path=str(repo)), known)
    assert found.names == ("src",)


def test_an_unknown_name_lists_the_known_ones(repo: Path) -> None:
    with pytest.raises(ScopeError, match="no source is called nope") as caught:
        resolve(Scope(sources=("nope",), path=str(repo)), [source(repo)])
    assert "repo" in caught.value.hint


def test_a_named_path_in_no_source_is_an_error(repo: Path, top: Path) -> None:
    (top / "plain").mkdir()
    with pytest.raises(ScopeError, match="in no known source"):
        resolve(Scope(sources=(str(top / "plain"),), add=True), [source(repo)])


def test_a_source_that_is_meant_whole_and_in_part_is_meant_whole(repo: Path) -> None:
    found = resolve(Scope(sources=("repo", "src"), path=str(repo)), [source(repo)])
    assert found.names == ("repo",)
    assert found.prefix == {}


def test_two_subtrees_of_one_source_are_an_error(repo: Path) -> None:
    with pytest.raises(ScopeError, match="two subtrees"):
        resolve(Scope(sources=("src", "src/deep"), path=str(repo)), [source(repo)])


def test_a_link_to_a_source_means_the_source(repo: Path, top: Path) -> None:
    (top / "link").symlink_to(repo)
    assert resolve(Scope(path=str(top / "link" / "src")), [source(repo)]).names == ("repo",)


def test_a_folder_whose_name_only_begins_alike_is_not_inside(repo: Path, top: Path) -> None:
    (top / "repository").mkdir()
    with pytest.raises(ScopeError):
        resolve(Scope(sources=(str(top / "repository"),)), [source(repo)])


def test_inside_a_bare_repository_there_is_nothing_to_search(top: Path) -> None:
    bare = top / "bare.git"
    (bare / "objects").mkdir(parents=True)
    (bare / "refs").mkdir()
    (bare / "HEAD").write_text("ref: refs/heads/main\n")
    with pytest.raises(BareRepository):
        resolve(Scope(path=str(bare), add=True), [])


def test_a_request_without_any_scope_is_an_error() -> None:
    with pytest.raises(ScopeError, match="neither a source nor an absolute path"):
        resolve(Scope(), [])
