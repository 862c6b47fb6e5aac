"""Which source a path belongs to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from indexer.errors import (
    BareRepository,
    SourceError,
    SourceNotFound,
    SourceUnreadable,
)
from indexer.sources import is_addable_implicitly, locate, require_folder, unique_name


def test_a_path_in_a_work_tree_belongs_to_its_root(repo):
    source = locate(str(repo.root / "src"))
    assert source == locate(str(repo.root / "src/app.py")) == locate(str(repo.root))
    assert (source.root, source.name) == (str(repo.root), "repo")
    assert source.git_dir == source.common_dir == str(repo.root / ".git")


def test_a_folder_without_git_is_a_source_itself(tmp_path):
    folder = tmp_path.resolve() / "notes"
    folder.mkdir()
    source = locate(str(folder))
    assert (source.root, source.name) == (str(folder), "notes")
    assert source.git_dir is source.common_dir is None


def test_a_link_and_a_relative_path_lead_to_the_same_source(repo, tmp_path, monkeypatch):
    (tmp_path / "link").symlink_to(repo.root)
    monkeypatch.chdir(repo.root / "src")
    assert locate(str(tmp_path / "link")) == locate(".") == locate("..") == locate(str(repo.root))


def test_nested_repositories_and_work_trees_are_sources_of_their_own(repo, make_repo):
    inner = make_repo("repo/inner")
    repo.git("worktree", "add", "--quiet", "-b", "side", "trees/side")
    side = locate(str(repo.root / "trees/side"))
    assert locate(str(inner.root)).root == str(inner.root)
    assert side.root == str(repo.root / "trees/side")
    assert side.common_dir == str(repo.root / ".git")
    assert len({locate(str(path)).id for path in (repo.root, inner.root, Path(side.root))}) == 3


def test_a_relative_git_file_is_resolved(repo):
    (repo.root / ".git").rename(repo.root / "store")
    (repo.root / ".git").write_text("gitdir: store\n")
    assert locate(str(repo.root)).git_dir == str(repo.root / "store")


def test_a_root_with_awkward_bytes_is_a_source(make_repo):
    awkward = make_repo(os.fsdecode(b"caf\xe9 \n:dir"))
    source = locate(str(awkward.root))
    assert source.root == str(awkward.root)
    assert source.name == "caf\\xe9 \n:dir"
    assert source.id.isalnum()


@pytest.mark.parametrize("path", ["missing", "missing/below", "nul\0byte", "loop"])
def test_what_is_not_there_is_not_found(tmp_path, path):
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(SourceNotFound) as caught:
        locate(f"{tmp_path}/{path}")
    assert caught.value.hint


def test_a_pipe_is_no_source(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceError, match="neither a folder nor a file"):
        locate(str(tmp_path / "pipe"))


def test_a_bare_repository_is_refused_from_inside_too(make_repo):
    bare = make_repo("bare.git", "--bare")
    for path in (bare.root, bare.root / "refs"):
        with pytest.raises(BareRepository):
            locate(str(path))


@pytest.mark.parametrize("inside", [".git", ".git/refs/heads"])
def test_a_path_inside_the_git_folder_is_refused_with_a_hint(repo, inside):
    with pytest.raises(SourceError, match="git's own folder") as caught:
        locate(str(repo.root / inside))
    assert "contains .git" in caught.value.hint


def test_a_folder_without_permission_is_unreadable(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(SourceUnreadable, match="Permission denied"):
        require_folder(str(tmp_path))


def test_a_name_that_is_taken_gets_a_number():
    assert unique_name("app", set()) == "app"
    assert unique_name("app", {"app"}) == "app~2"
    assert unique_name("app", {"app", "app~2", "app~4"}) == "app~3"


def test_home_and_what_holds_it_are_never_added_by_themselves(tmp_path, monkeypatch):
    home = tmp_path / "people" / "ada"
    (home / "project").mkdir(parents=True)
    (tmp_path / "alias").symlink_to(home)
    monkeypatch.setenv("HOME", str(home))
    for refused in (home, tmp_path / "people", tmp_path / "alias", Path("/")):
        assert not is_addable_implicitly(str(refused))
    for fine in (home / "project", tmp_path / "people/adam", tmp_path / "other"):
        assert is_addable_implicitly(str(fine))
