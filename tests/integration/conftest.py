"""Real git repositories to index. They are made with plain git, never with the code under test."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from indexer.index import Index

# Ten commits a second apart have a certain order; a wall clock gives them all one second.
FIRST_COMMIT_TIME = 1_700_000_000


@dataclass
class ScratchRepo:
    """A repository for one test: `git` runs a command in it, `write` and `commit` fill it."""

    root: Path
    commits: int = 0

    def git(self, *arguments: str, stdin: bytes | None = None) -> str:
        moment = f"{FIRST_COMMIT_TIME + self.commits} +0000"
        done = subprocess.run(
            ["git", "-c", "protocol.file.allow=always", *arguments],
            cwd=self.root,
            env=clean_environment(GIT_AUTHOR_DATE=moment, GIT_COMMITTER_DATE=moment),
            input=stdin,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
        return os.fsdecode(done.stdout).strip()

    def write(self, path: str, content: str | bytes = "content\n") -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        return target

    def commit(self, message: str = "a commit", **files: str | bytes) -> str:
        """Write `files` (none: whatever is there), commit everything, return the commit's id."""
        for path, content in files.items():
            self.write(path, content)
        self.git("add", "--all")
        self.commits += 1
        self.git("commit", "--quiet", "--allow-empty", "--cleanup=verbatim", "-m", message)
        return self.git("rev-parse", "HEAD")


MakeRepo = Callable[..., ScratchRepo]


def clean_environment(**extra: str) -> dict[str, str]:
    """The environment without anything that steers git, with a fixed identity."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    identity = {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Ada Lovelace",
        "GIT_AUTHOR_EMAIL": "ada@example.org",
        "GIT_COMMITTER_NAME": "Ada Lovelace",
        "GIT_COMMITTER_EMAIL": "ada@example.org",
        "LC_ALL": "C",
    }
    return {**kept, **identity, **extra}


@pytest.fixture(autouse=True)
def no_git_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def make_repo(tmp_path: Path) -> Iterator[MakeRepo]:
    """Make an empty repository (branch `main`) in a new folder below the test's own."""

    def make(name: str = "repo", *options: str) -> ScratchRepo:
        root = tmp_path.resolve() / name
        root.mkdir(parents=True)
        repo = ScratchRepo(root)
        repo.git("init", "--quiet", "--initial-branch=main", *options)
        return repo

    yield make


@pytest.fixture
def repo(make_repo: MakeRepo) -> ScratchRepo:
    """A repository with one commit of two files."""
    made = make_repo()
    made.write("src/app.py", "print('app')\n")
    made.commit("Start the application", **{"README.md": "# App\n"})
    return made


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    """An empty index in a folder of its own."""
    made = Index(tmp_path / "index")
    yield made
    made.close()
