"""Which folders are watched and what their events mean."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from indexer.watch.coalesce import Reason
from indexer.watch.layout import (
    MAX_EMPTY_FOLDERS,
    Target,
    content_targets,
    current_ref,
    fileless_folders,
    git_targets,
    refuse_outside,
)
from indexer.watch.limits import limit_trouble

PKG = Target("/s/pkg", "/s", "pkg")
ROOT = Target("/s", "/s", "")


def git_folder(root: Path, head: str = "ref: refs/heads/main\n") -> Path:
    git_dir = root / ".git"
    (git_dir / "refs" / "heads").mkdir(parents=True)
    (git_dir / "info").mkdir()
    (git_dir / "HEAD").write_text(head)
    return git_dir


def counted(root: Path, git_dir: Path) -> dict[str, set[str]]:
    """Watched folder of git, relative -> the names that count there."""
    targets = git_targets(str(root), str(git_dir), str(git_dir))
    return {
        os.path.relpath(each.path, git_dir): {name for name, _ in each.names} for each in targets
    }


def test_folders_are_watched_with_all_folders_above_them() -> None:
    targets = content_targets("/s", ["a/b/c", "d"])
    assert {each.folder for each in targets} == {"", "a", "a/b", "a/b/c", "d"}
    assert {each.path for each in targets} == {"/s", "/s/a", "/s/a/b", "/s/a/b/c", "/s/d"}


@pytest.mark.parametrize("folder", ["/etc", "..", "a/../../b", "a\0b"])
def test_a_folder_outside_of_the_source_is_refused(folder: str) -> None:
    with pytest.raises(ValueError, match="not a folder of the source"):
        refuse_outside(["fine", folder])


def test_a_changed_file_is_a_path_in_the_source() -> None:
    assert PKG.rescan_reason("a.py", is_folder=False) is None
    assert PKG.hint("a.py") == "pkg/a.py"
    assert ROOT.hint("a.py") == "a.py"
    assert ROOT.hint("ü.py") == "ü.py"


@pytest.mark.parametrize("name", ["4913", ".a.py.swp", "a.py~", ".#a.py", "a.py___jb_tmp___"])
def test_the_temporary_names_of_editors_cause_no_rescan(name: str) -> None:
    assert PKG.rescan_reason(name, is_folder=False) is None


def test_a_name_that_is_not_text_becomes_its_folder() -> None:
    assert PKG.hint(os.fsdecode(b"caf\xe9.py")) == "pkg"


def test_folders_ignore_files_and_new_repositories_put_the_source_in_doubt() -> None:
    assert PKG.rescan_reason("sub", is_folder=True) is Reason.FOLDER
    assert PKG.rescan_reason(".git", is_folder=False) is Reason.FOLDER
    assert PKG.rescan_reason(".gitignore", is_folder=False) is Reason.IGNORE_RULES
    assert PKG.rescan_reason(".dustlocalignore", is_folder=False) is Reason.IGNORE_RULES


def test_in_git_only_what_says_something_about_the_work_tree_counts(tmp_path: Path) -> None:
    git_dir = git_folder(tmp_path)
    assert counted(tmp_path, git_dir) == {
        ".": {"HEAD", "index", "packed-refs", "shallow"},
        "info": {"exclude", "sparse-checkout"},
        "refs/heads": {"main"},
    }
    (target,) = (
        each for each in git_targets(str(tmp_path), str(git_dir), None) if each.path == str(git_dir)
    )
    assert target.rescan_reason("HEAD", is_folder=False) is Reason.GIT_HEAD
    assert target.rescan_reason("index", is_folder=False) is Reason.GIT_INDEX
    for name in ("index.lock", "HEAD.lock", "objects", "logs", "COMMIT_EDITMSG"):
        assert target.rescan_reason(name, is_folder=name == "objects") is None
        assert target.hint(name) is None


def test_a_packed_branch_is_awaited_where_its_folder_would_come_to_be(tmp_path: Path) -> None:
    git_dir = git_folder(tmp_path, "ref: refs/heads/feature/x\n")
    assert counted(tmp_path, git_dir)["refs/heads"] == {"feature"}
    (git_dir / "refs/heads/feature").mkdir()
    assert counted(tmp_path, git_dir)["refs/heads/feature"] == {"x"}


def test_a_linked_work_tree_has_its_own_head_and_the_shared_refs(tmp_path: Path) -> None:
    common = git_folder(tmp_path / "main")
    own = common / "worktrees" / "w"
    own.mkdir(parents=True)
    (own / "HEAD").write_text("ref: refs/heads/side\n")
    targets = {
        os.path.relpath(each.path, common): {name for name, _ in each.names}
        for each in git_targets(str(tmp_path / "w"), str(own), str(common))
    }
    assert targets["worktrees/w"] == {"HEAD", "index"}
    assert targets["."] == {"packed-refs", "shallow"}
    assert targets["refs/heads"] == {"side"}


def test_reftable_repositories_are_watched_too(tmp_path: Path) -> None:
    git_dir = git_folder(tmp_path, "ref: refs/heads/.invalid\n")
    (git_dir / "reftable").mkdir()
    assert counted(tmp_path, git_dir)["reftable"] == {"tables.list"}


def test_without_git_nothing_of_git_is_watched() -> None:
    assert git_targets("/s", None, None) == set()


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"0" * 40,
        b"ref: refs/../../etc/passwd\n",
        b"ref: /etc/passwd\n",
        b"ref: refs//x",
        b"ref: refs/a\0b",
        b"\xff\xfe",
    ],
)
def test_a_detached_damaged_or_hostile_head_names_no_branch(tmp_path: Path, head: bytes) -> None:
    (tmp_path / "HEAD").write_bytes(head)
    assert current_ref(str(tmp_path)) is None


def test_a_head_that_is_a_fifo_or_missing_does_not_hang(tmp_path: Path) -> None:
    assert current_ref(str(tmp_path)) is None
    os.mkfifo(tmp_path / "HEAD")
    assert current_ref(str(tmp_path)) is None


def test_empty_folders_are_found_until_one_holds_a_file(tmp_path: Path) -> None:
    (tmp_path / "a/b/c").mkdir(parents=True)
    assert fileless_folders(str(tmp_path), "a") == {"a", "a/b", "a/b/c"}
    (tmp_path / "a/b/f").touch()
    assert fileless_folders(str(tmp_path), "a") == set()


def test_the_search_for_empty_folders_is_bounded_and_follows_no_link(tmp_path: Path) -> None:
    for number in range(MAX_EMPTY_FOLDERS + 1):
        (tmp_path / "many" / str(number)).mkdir(parents=True)
    (tmp_path / "target").mkdir()
    (tmp_path / "link").symlink_to("target")
    assert fileless_folders(str(tmp_path), "many") == set()
    assert fileless_folders(str(tmp_path), "link") == set()
    assert fileless_folders(str(tmp_path), "missing") == set()


@pytest.mark.parametrize(
    ("number", "setting"),
    [(errno.ENOSPC, "max_user_watches"), (errno.EMFILE, "max_user_instances")],
)
def test_a_limit_names_the_setting_that_lifts_it(number: int, setting: str) -> None:
    trouble = limit_trouble(OSError(number, "limit"))
    assert f"sudo sysctl fs.inotify.{setting}=" in trouble.hint
    assert trouble.blind


def test_any_other_error_is_told_as_it_is() -> None:
    assert (
        "Cannot allocate memory"
        in limit_trouble(OSError(errno.ENOMEM, "Cannot allocate memory")).reason
    )
