"""What only a git work tree can hold: tracked links, submodules, sparse and hostile indexes."""

from __future__ import annotations

import os
import shutil

import pytest

from indexer.discover import discover
from indexer.model import SkipReason
from indexer.sources import locate


def listed(repo):
    return discover(locate(str(repo.root)))


def reasons(listing):
    return {path: skip.reason for path, skip in listing.skips.items()}


def test_tracked_files_stay_when_they_are_ignored(repo):
    repo.write(".gitignore", "*.md\n")
    assert "README.md" in listed(repo).files


def test_a_tracked_file_that_was_deleted_is_not_listed(repo):
    (repo.root / "README.md").unlink()
    assert set(listed(repo).files) == {"src/app.py"}
    assert listed(repo).skips == {}


def test_what_a_sparse_checkout_leaves_out_is_not_listed(repo):
    repo.commit("Docs", **{"docs/a.md": "a\n"})
    repo.git("sparse-checkout", "set", "--cone", "src")
    assert set(listed(repo).files) == {"README.md", "src/app.py"}


@pytest.mark.parametrize("inside", [True, False])
def test_a_folder_that_became_a_link_is_not_followed(repo, tmp_path, inside):
    target = repo.root / "other" if inside else tmp_path / "outside"
    target.mkdir()
    shutil.rmtree(repo.root / "src")
    (target / "app.py").write_text("private\n")
    (repo.root / "src").symlink_to(target)
    listing = listed(repo)
    assert "src/app.py" not in listing.files
    assert reasons(listing) == {"src": SkipReason.OUTSIDE_LINK}


def test_a_folder_that_became_a_file_hides_what_was_in_it(repo):
    shutil.rmtree(repo.root / "src")
    repo.write("src", "now a file\n")
    assert set(listed(repo).files) == {"README.md", "src"}


def test_a_submodule_is_a_source_of_its_own(repo, make_repo):
    library = make_repo("library")
    library.commit("Library", **{"lib.py": "1\n"})
    repo.git("submodule", "--quiet", "add", str(library.root), "vendor/lib")
    listing = listed(repo)
    assert set(listing.files) == {"README.md", "src/app.py", ".gitmodules"}
    assert reasons(listing) == {"vendor/lib": SkipReason.NESTED_SOURCE}
    repo.git("submodule", "--quiet", "deinit", "--force", "vendor/lib")
    assert reasons(listed(repo)) == {"vendor/lib": SkipReason.NESTED_SOURCE}


def test_a_work_tree_inside_is_a_source_of_its_own(repo):
    repo.git("worktree", "add", "--quiet", "-b", "side", "trees/side")
    listing = listed(repo)
    assert set(listing.files) == {"README.md", "src/app.py"}
    assert reasons(listing) == {"trees/side": SkipReason.NESTED_SOURCE}
    assert set(discover(locate(str(repo.root / "trees/side"))).files) == set(listing.files)


def test_tracked_files_in_a_folder_that_became_a_repository_are_left_to_it(repo):
    repo.git("init", "--quiet", "src")
    listing = listed(repo)
    assert set(listing.files) == {"README.md"}
    assert reasons(listing) == {"src": SkipReason.NESTED_SOURCE}


@pytest.mark.parametrize(
    "path", ["../outside.txt", ".git/config", "src/../../outside.txt", "/etc/passwd"]
)
def test_an_index_that_names_a_path_outside_lists_nothing_of_it(repo, tmp_path, path):
    (tmp_path / "outside.txt").write_text("private\n")
    placeholder = "x" * len(path)
    repo.write(placeholder)
    repo.git("add", placeholder)
    index = repo.root / ".git/index"
    forged = index.read_bytes().replace(placeholder.encode(), path.encode())
    assert path.encode() in forged
    index.write_bytes(forged)
    (repo.root / placeholder).unlink()
    assert path in repo.git("ls-files", "-z").split("\0")
    listing = listed(repo)
    assert set(listing.files) == {"README.md", "src/app.py"}
    assert listing.skips == {}


def test_a_tracked_link_is_reported_and_not_followed(repo):
    (repo.root / "link.md").symlink_to("README.md")
    repo.commit("Link")
    listing = listed(repo)
    assert set(listing.files) == {"README.md", "src/app.py"}
    assert listing.skips["link.md"].detail == "a link to README.md"


@pytest.fixture
def ordinary_user(tmp_path):
    """For the time of a test nobody special: root may look into every folder."""
    if os.geteuid() != 0:
        yield lambda root: None
        return
    opened = [parent for parent in (tmp_path, *tmp_path.parents) if parent.stat().st_uid == 0]
    modes = {parent: parent.stat().st_mode for parent in opened}

    def become(root):
        for parent in opened:
            parent.chmod(modes[parent] | 0o011)
        for path in (root, *root.rglob("*")):
            os.chown(path, 65534, 65534, follow_symlinks=False)
        os.seteuid(65534)

    yield become
    os.seteuid(0)
    for parent, mode in modes.items():
        parent.chmod(mode)


def test_folders_without_permission_are_told(repo, ordinary_user):
    for name in ("shut", "blind"):
        repo.write(f"{name}/a.py")
    locate(str(repo.root))  # imports what an ordinary user may not be allowed to
    ordinary_user(repo.root)
    (repo.root / "shut").chmod(0o000)
    try:
        listing = listed(repo)
    finally:
        (repo.root / "shut").chmod(0o700)
    assert set(listing.files) == {"README.md", "src/app.py", "blind/a.py"}
    assert reasons(listing) == {"shut": SkipReason.UNREADABLE}
    assert listing.skips["shut"].detail == "permission denied"
