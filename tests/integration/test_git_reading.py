"""What `Repository` says of real repositories of every shape."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from indexer.errors import BareRepository, GitError, SourceError
from indexer.git import GitCall, git_version
from indexer.repository import Repository


def opened(root: Path) -> Repository:
    repository = Repository.open(str(root))
    assert repository is not None
    return repository


def test_the_innermost_repository_is_found_from_a_subfolder(repo):
    found = opened(repo.root / "src")
    assert found.root == str(repo.root)
    assert found.git_dir == found.common_dir == str(repo.root / ".git")


def test_a_folder_outside_any_repository_is_none(tmp_path):
    assert Repository.open(str(tmp_path)) is None


def test_an_empty_git_folder_is_no_repository(tmp_path):
    (tmp_path / ".git").mkdir()
    assert Repository.open(str(tmp_path)) is None


def test_a_git_file_that_points_nowhere_is_an_error_with_a_hint(tmp_path):
    (tmp_path / ".git").write_text("gitdir: /nowhere/at/all\n")
    with pytest.raises(SourceError, match="is not there") as caught:
        Repository.open(str(tmp_path))
    assert "git worktree repair" in caught.value.hint


def test_a_bare_repository_is_refused(make_repo):
    bare = make_repo("bare.git", "--bare")
    with pytest.raises(BareRepository):
        Repository.open(str(bare.root))


def test_a_git_folder_with_core_bare_is_refused(repo):
    repo.git("config", "core.bare", "true")
    with pytest.raises(BareRepository) as caught:
        Repository.open(str(repo.root))
    assert "git worktree list" in caught.value.hint


def test_an_unborn_branch_has_a_name_and_no_commit(make_repo):
    empty = make_repo()
    empty.write("draft.txt")
    repository = opened(empty.root)
    assert repository.head() is None
    assert repository.branch() == "main"
    assert repository.commit_shas() == []
    assert list(repository.commits()) == []
    assert repository.files().paths == ["draft.txt"]


def test_a_detached_head_has_a_commit_and_no_branch(repo):
    sha = repo.git("rev-parse", "HEAD")
    repo.git("checkout", "--quiet", "--detach")
    assert opened(repo.root).head() == sha
    assert opened(repo.root).branch() is None


def test_files_are_the_tracked_and_the_untracked_that_are_not_ignored(repo):
    repo.commit("Ignore logs", **{".gitignore": "*.log\n"})
    repo.write("kept.log")
    repo.git("add", "--force", "kept.log")
    repo.write("dropped.log")
    repo.write("new\nline.txt")
    expected = {".gitignore", "README.md", "kept.log", "new\nline.txt", "src/app.py"}
    assert set(opened(repo.root).files().paths) == expected


def test_a_conflict_lists_its_path_once(repo):
    repo.git("checkout", "--quiet", "-b", "side")
    repo.commit("Side", **{"README.md": "side\n"})
    repo.git("checkout", "--quiet", "main")
    repo.commit("Main", **{"README.md": "main\n"})
    with pytest.raises(AssertionError):
        repo.git("merge", "--quiet", "side")
    assert opened(repo.root).files().paths.count("README.md") == 1


def test_commits_come_newest_first_with_their_paths(repo):
    repo.commit("Second\n\nWith a body.\n\nAnd more.", **{"src/app.py": "2\n", "b": "b\n"})
    second, first = opened(repo.root).commits()
    assert (second.subject, second.body) == ("Second", "With a body.\n\nAnd more.")
    assert second.paths == ("b", "src/app.py")
    assert second.author == "Ada Lovelace"
    assert second.time == 1_700_000_002
    assert first.subject == "Start the application"
    assert first.paths == ("README.md", "src/app.py")


def test_commits_leave_out_the_known_ones_and_stop_at_a_limit(repo):
    shas = [repo.commit(f"Number {number}") for number in range(4)]
    found = opened(repo.root).commits(exclude={shas[3], shas[1]}, limit=2)
    assert [commit.sha for commit in found] == [shas[2], shas[0]]


def test_a_merge_has_no_paths_of_its_own(repo):
    repo.git("checkout", "--quiet", "-b", "side")
    repo.commit("On the side", side="side\n")
    repo.git("checkout", "--quiet", "main")
    repo.commits += 1
    repo.git("merge", "--quiet", "--no-ff", "-m", "Merge side", "side")
    merge, side, _ = opened(repo.root).commits()
    assert (merge.subject, merge.paths) == ("Merge side", ())
    assert (side.subject, side.paths) == ("On the side", ("side",))


HOSTILE_MESSAGES = [
    "x%x00y\n\n%H%x00%an\x01\x02\x1e\x1f",
    "\n\n\nleading newlines\n\n\0"[:-1],
    "0" * 40 + "\n\n" + "0" * 40 + "\n100644 blob",
    "s" * 200_000 + "\n\n" + "b" * 200_000,
    "caf\u00e9 \u2028 \U0001f600\n\nbody \u2029",
]


@pytest.mark.parametrize("message", HOSTILE_MESSAGES, ids=range(len(HOSTILE_MESSAGES)))
def test_a_message_can_not_break_the_commits_around_it(make_repo, message):
    made = make_repo()
    before = made.commit("before", one="1\n")
    made.write("message", message)
    made.write("two", "2\n")
    made.git("add", "two")
    made.commits += 1
    made.git("commit", "--quiet", "--cleanup=verbatim", "-F", "message")
    hostile = made.git("rev-parse", "HEAD")
    after = made.commit("after", three="3\n")
    found = list(opened(made.root).commits())
    assert [commit.sha for commit in found] == [after, hostile, before]
    assert found[1].paths == ("two",)
    assert len(found[1].body) <= 64 * 1024


def test_a_commit_in_another_encoding_is_told_in_unicode(make_repo):
    made = make_repo()
    made.write("message", "caf\xe9".encode("latin-1"))
    made.git("-c", "i18n.commitEncoding=ISO-8859-1", "commit", "--allow-empty", "-F", "message")
    assert next(opened(made.root).commits()).subject == "caf\u00e9"


def test_a_path_with_undecodable_bytes_is_escaped_in_a_commit(make_repo):
    made = make_repo()
    (made.root / os.fsdecode(b"caf\xe9.txt")).write_text("x")
    made.commit("Add")
    assert next(opened(made.root).commits()).paths == ("caf\\xe9.txt",)


def test_a_tree_and_its_blobs_are_read_at_any_commit(repo):
    old = repo.git("rev-parse", "HEAD")
    repo.commit("Later", **{"README.md": "changed\n"})
    repository = opened(repo.root)
    files = list(repository.tree_files(old))
    assert [(file.path, file.size) for file in files] == [("README.md", 6), ("src/app.py", 13)]
    blobs = [blob.data for blob in repository.read_blobs(file.blob for file in files)]
    assert blobs == [b"# App\n", b"print('app')\n"]
    assert repository.first_parent(1) == old
    assert [each.subject for each in repository.log_between(old, repository.first_parent(0))] == [
        "Later"
    ]


def test_a_blob_over_the_limit_and_an_unknown_one_have_no_data(repo):
    repo.commit("Big", big=b"\0\n" * 300_000, small="small\n")
    repository = opened(repo.root)
    head = repository.first_parent(0)
    big, small = (f.blob for f in repository.tree_files(head) if f.path in ("big", "small"))
    found = list(repository.read_blobs([big, "0" * 40, small], limit=1000))
    assert [(each.size, each.data) for each in found] == [
        (600_000, None),
        (None, None),
        (6, b"small\n"),
    ]


def test_a_step_beyond_the_first_commit_is_an_error(repo):
    with pytest.raises(GitError, match="no commit 9 steps before HEAD"):
        opened(repo.root).first_parent(9)


def test_a_shallow_clone_tells_no_paths_at_its_edge(repo, make_repo):
    repo.commit("Second", two="2\n")
    repo.commit("Third", three="3\n")
    clone = make_repo("clone")
    clone.git("pull", "--quiet", "--depth=2", f"file://{repo.root}", "main")
    repository = opened(clone.root)
    assert repository.is_shallow()
    assert not opened(repo.root).is_shallow()
    assert [(each.subject, each.paths) for each in repository.commits()] == [
        ("Third", ("three",)),
        ("Second", ()),
    ]


def partial_clone(repo, make_repo, what: str) -> Repository:
    """A clone without the first README (and, for tree:0, its trees), its origin out of reach."""
    repo.commit("Second", **{"README.md": "second\n"})
    repo.git("config", "uploadpack.allowFilter", "true")
    outer = make_repo("outer")
    outer.git("clone", "--quiet", f"--filter={what}", f"file://{repo.root}", "partial")
    repo.root.rename(repo.root.with_name("gone"))
    return opened(outer.root / "partial")


def test_a_clone_without_blobs_says_which_are_missing(repo, make_repo):
    partial = partial_clone(repo, make_repo, "blob:none")
    started = time.monotonic()
    assert [each.paths for each in partial.commits()] == [
        ("README.md",),
        ("README.md", "src/app.py"),
    ]
    readme, app = partial.tree_files(partial.first_parent(1))
    assert (readme.path, readme.size, app.size) == ("README.md", None, 13)
    found = list(partial.read_blobs([readme.blob, app.blob]))
    assert [(blob.size, blob.data) for blob in found] == [(None, None), (13, b"print('app')\n")]
    assert set(partial.files().paths) == {"README.md", "src/app.py"}
    assert time.monotonic() - started < 10


def test_a_clone_without_trees_tells_its_messages(repo, make_repo):
    partial = partial_clone(repo, make_repo, "tree:0")
    assert [(each.subject, each.paths) for each in partial.commits()] == [
        ("Second", ()),
        ("Start the application", ()),
    ]
    with pytest.raises(GitError):
        list(partial.tree_files(partial.first_parent(1)))


def test_a_damaged_history_is_an_error_and_not_a_short_one(repo):
    tree = repo.git("rev-parse", "HEAD^{tree}")
    (repo.root / ".git/objects" / tree[:2] / tree[2:]).unlink()
    with pytest.raises(GitError) as caught:
        list(opened(repo.root).commits())
    assert "git fsck" in caught.value.hint


def test_work_trees_of_one_repository_share_its_common_folder(repo):
    repo.git("worktree", "add", "--quiet", "-b", "side", "../side")
    side = opened(repo.root.with_name("side"))
    assert side.root == str(repo.root.with_name("side"))
    assert side.git_dir == str(repo.root / ".git/worktrees/side")
    assert side.common_dir == str(repo.root / ".git")
    assert side.branch() == "side"
    assert opened(repo.root).worktrees() == [str(repo.root), side.root]


def test_a_submodule_is_a_repository_of_its_own(repo, make_repo):
    library = make_repo("library")
    library.commit("Library", **{"lib.py": "1\n"})
    repo.git("submodule", "--quiet", "add", str(library.root), "lib")
    inner = opened(repo.root / "lib")
    assert inner.root == str(repo.root / "lib")
    assert inner.files().paths == ["lib.py"]


def test_a_git_that_stays_silent_is_given_up(repo):
    (repo.root / ".git/info/exclude").unlink(missing_ok=True)
    os.mkfifo(repo.root / ".git/info/exclude")
    found = opened(repo.root)
    hasty = Repository(found.root, found.git_dir, found.common_dir, patience=0.3)
    with pytest.raises(GitError, match=r"did not answer for 0\.3 seconds"):
        hasty.files()


def test_git_missing_from_path_is_an_error_with_a_hint(repo, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitError) as caught:
        GitCall(str(repo.root), "rev-parse", "HEAD").answer()
    assert "install git" in caught.value.hint


def test_the_version_of_git_is_told():
    assert git_version()[0].isdigit()


def test_what_lies_between_comes_branch_by_branch(repo):
    """By time alone, commits of branches that were worked on side by side would mix."""
    cut = repo.git("rev-parse", "HEAD")
    for branch in ("one", "two"):
        repo.git("branch", branch)
    for number in range(3):
        for branch in ("one", "two"):
            repo.git("checkout", "-q", branch)
            repo.commit(f"{branch} {number}", **{f"{branch}.py": f"x = {number}\n"})
    repo.git("merge", "-q", "--no-edit", "one")
    head = repo.git("rev-parse", "HEAD")
    found = [commit.sha for commit in opened(repo.root).log_between(cut, head)]
    assert found == repo.git("rev-list", "--topo-order", f"{cut}..{head}").split()
    assert found != repo.git("rev-list", f"{cut}..{head}").split()
