"""A hostile repository runs nothing, an environment redirects nothing, nothing is written."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from indexer import git as git_module
from indexer.discover import discover
from indexer.errors import GitError
from indexer.files import read_file
from indexer.repository import Repository
from indexer.sources import locate


def exercise(root: Path) -> None:
    """Every method of `Repository`, and a discovery that reads every file."""
    source = locate(str(root))
    repository = Repository.open(str(root))
    assert repository is not None
    head = repository.head()
    assert head is not None
    repository.branch()
    repository.is_shallow()
    repository.worktrees()
    repository.commit_shas()
    list(repository.commits())
    repository.log_between(repository.first_parent(1), head)
    blobs = [file.blob for file in repository.tree_files(head)]
    list(repository.read_blobs([*blobs, "0" * 40]))
    for path in discover(source).files:
        read_file(source.root, path, 1_000_000)


def snapshot(root: Path) -> dict[str, tuple[int, int, str]]:
    """Mode, modification time and content hash of everything below `root`, `.git` included."""
    facts = {}
    for path in sorted(root.rglob("*")):
        state = path.lstat()
        content = path.read_bytes() if path.is_file() else b""
        digest = hashlib.sha256(content).hexdigest()
        facts[str(path)] = (state.st_mode, state.st_mtime_ns, digest)
    return facts


def hostile_config(plant: str) -> str:
    return f"""
[core]
    repositoryFormatVersion = 1
    fsmonitor = {plant}
    hooksPath = hooks
    sshCommand = {plant}
    gitProxy = {plant}
    askPass = {plant}
    pager = {plant}
    editor = {plant}
    alternateRefsCommand = {plant}
    attributesFile = attributes
    untrackedCache = true
    splitIndex = true
    worktree = ../../elsewhere
[diff]
    external = {plant}
[diff "plant"]
    textconv = {plant}
    command = {plant}
[filter "plant"]
    clean = {plant}
    smudge = {plant}
    process = {plant}
    required = true
[merge "plant"]
    driver = {plant}
[alias]
    ls-files = !{plant}
    rev-parse = !{plant}
    rev-list = !{plant}
    cat-file = !{plant}
    diff-tree = !{plant}
[gpg]
    program = {plant}
[log]
    showSignature = true
[credential]
    helper = !{plant}
[pager]
    rev-list = {plant}
    ls-files = {plant}
    diff-tree = {plant}
[uploadpack]
    packObjectsHook = {plant}
[protocol]
    allow = always
[protocol "ext"]
    allow = always
[extensions]
    partialClone = origin
[remote "origin"]
    url = "ext::{plant}"
    promisor = true
    partialCloneFilter = blob:none
    uploadpack = {plant}
    vcs = ext
[trace2]
    normalTarget = {plant}.trace
[include]
    path = included
"""


@pytest.fixture
def marker(tmp_path):
    return tmp_path / "marker"


@pytest.fixture
def hostile(repo, tmp_path, marker):
    """A repository that tries to run a script by every door its own folder has."""
    plant = tmp_path / "plant.sh"
    plant.write_text(f"#!/bin/sh\necho \"$0 $*\" >> '{marker}'\ncat 2>/dev/null\n")
    plant.chmod(0o755)
    repo.commit("Attributes", **{".gitattributes": "* diff=plant filter=plant merge=plant\n"})
    repo.commit("Second", **{"README.md": "changed\n"})
    lost = repo.git("rev-parse", "HEAD:README.md")
    repo.write("README.md", "dirty\n")
    repo.write("untracked.txt", "new\n")
    git = repo.root / ".git"
    (git / "objects" / lost[:2] / lost[2:]).unlink()
    (git / "config").write_text(
        "[core]\n    repositoryFormatVersion = 1" + hostile_config(str(plant))
    )
    (git / "included").write_text(f"[core]\n    fsmonitor = {plant}\n    hooksPath = hooks\n")
    elsewhere = repo.root.with_name("elsewhere")
    elsewhere.mkdir()
    (elsewhere / "private.txt").write_text("private")
    (git / "attributes").write_text("* diff=plant filter=plant\n")
    for folder in (git / "hooks", repo.root / "hooks"):
        folder.mkdir(exist_ok=True)
        for hook in ("post-index-change", "fsmonitor-watchman", "reference-transaction"):
            shutil.copy(plant, folder / hook)
    shutil.copy(plant, repo.root / "git")
    return repo


def test_no_door_of_a_hostile_repository_runs_anything(hostile, marker, monkeypatch):
    monkeypatch.setenv("PATH", f".{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(hostile.root)
    exercise(hostile.root)
    assert not marker.exists(), marker.read_text()


def test_the_hostile_repository_is_hostile_to_plain_git(hostile, marker):
    subprocess.run(
        ["git", f"--work-tree={hostile.root}", "status"],
        cwd=hostile.root,
        capture_output=True,
        check=False,
    )
    assert marker.exists()


def test_a_work_tree_set_elsewhere_is_not_followed(hostile):
    listing = discover(locate(str(hostile.root)))
    assert "private.txt" not in listing.files
    assert "untracked.txt" in listing.files


def test_reading_leaves_every_byte_and_time_as_it_was(repo):
    repo.commit("Second", two="2\n")
    repo.write("README.md", "changed, not staged\n")
    repo.write("src/app.py", "print('app')\n")  # same content, new time: the index is stale
    repo.write("new.txt", "untracked\n")
    repo.git("worktree", "add", "--quiet", "-b", "side", "../side")
    before = snapshot(repo.root)
    for _ in range(3):
        exercise(repo.root)
        exercise(repo.root.with_name("side"))
    assert snapshot(repo.root) == before


def test_a_hook_environment_does_not_redirect_to_another_repository(
    repo, make_repo, monkeypatch, tmp_path
):
    other = make_repo("other")
    other.commit("Other", other="other\n")
    monkeypatch.setenv("GIT_DIR", str(other.root / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.root))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.root / ".git/index"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(other.root / ".git/objects"))
    monkeypatch.setenv("GIT_COMMON_DIR", str(other.root / ".git"))
    monkeypatch.setenv("GIT_NAMESPACE", "hidden")
    monkeypatch.setenv("GIT_TRACE", str(tmp_path / "trace"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.bare")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "true")
    repository = Repository.open(str(repo.root))
    assert repository is not None
    assert [commit.subject for commit in repository.commits()] == ["Start the application"]
    assert set(repository.files().paths) == {"README.md", "src/app.py"}
    assert os.environ["GIT_DIR"] == str(other.root / ".git")
    trace = tmp_path / "trace"
    told = trace.read_text() if trace.exists() else ""
    assert "ls-files" not in told


def test_a_repository_that_lost_its_git_folder_is_not_read_as_its_outer_one(make_repo):
    outer = make_repo("outer")
    outer.commit("Outer", secret="outer\n")
    inner = make_repo("outer/inner")
    inner.commit("Inner", file="inner\n")
    repository = Repository.open(str(inner.root))
    assert repository is not None
    shutil.rmtree(inner.root / ".git")
    with pytest.raises(GitError, match="not a git repository"):
        repository.files()


def test_a_repository_of_another_user_is_an_error_that_says_what_to_do(repo, monkeypatch):
    monkeypatch.setitem(git_module._ENVIRONMENT, "GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(GitError, match="belongs to another user") as caught:
        locate(str(repo.root))
    assert f"git config --global --add safe.directory {repo.root}" in caught.value.hint


@pytest.mark.parametrize("name", ["HEAD", "--all", "a" * 39, "a" * 40 + "\n", "main..side"])
def test_an_object_is_only_named_by_its_full_id(repo, name):
    repository = Repository.open(str(repo.root))
    assert repository is not None
    with pytest.raises(ValueError, match="not the full name"):
        list(repository.tree_files(name))
    with pytest.raises(ValueError, match="not the full name"):
        list(repository.read_blobs([name]))
    with pytest.raises(ValueError, match="not the full name"):
        repository.log_between(name, name)


def test_an_abandoned_reading_leaves_no_process_behind(repo):
    for number in range(30):
        repo.commit(f"Number {number}")
    repository = Repository.open(str(repo.root))
    assert repository is not None
    commits = repository.commits()
    next(commits)
    commits.close()
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def in_a_new_process(code: str, cwd: Path, **environment: str) -> None:
    project = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": project, **environment},
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode()


def test_importing_the_indexer_does_not_import_gitpython(tmp_path):
    code = (
        "import sys, indexer.discover, indexer.sources;"
        "sys.exit(any(name.split('.')[0] in ('git', 'gitdb', 'pathspec') for name in sys.modules))"
    )
    in_a_new_process(code, tmp_path)


def test_the_import_of_gitpython_runs_no_git_of_the_repository(hostile, marker):
    code = (
        "import os; before = dict(os.environ);"
        "from indexer.sources import locate; locate('.');"
        "assert dict(os.environ) == before"
    )
    in_a_new_process(code, hostile.root, PATH=f".{os.pathsep}{os.environ['PATH']}")
    assert not marker.exists(), marker.read_text()
