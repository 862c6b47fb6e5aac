"""A git history that is made by hand, with plain git and never with the code under test."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

FIRST_COMMIT_TIME = 1_700_000_000


@dataclass
class History:
    """A repository that grows commit by commit, a minute apart."""

    root: Path
    commits: int = 0

    def git(self, *arguments: str) -> str:
        moment = f"{FIRST_COMMIT_TIME + 60 * self.commits} +0000"
        environment = {name: v for name, v in os.environ.items() if not name.startswith("GIT_")}
        environment |= {
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "Ada",
            "GIT_AUTHOR_EMAIL": "ada@example.org",
            "GIT_COMMITTER_NAME": "Ada",
            "GIT_COMMITTER_EMAIL": "ada@example.org",
            "GIT_AUTHOR_DATE": moment,
            "GIT_COMMITTER_DATE": moment,
        }
        done = subprocess.run(
            ["git", *arguments], cwd=self.root, env=environment, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
        return os.fsdecode(done.stdout).strip()

    def commit(self, subject: str, files: dict[str, str | None]) -> str:
        """Write `files` (None deletes one) and commit; the commit's id."""
        for path, content in files.items():
            target = self.root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                target.unlink()
            else:
                target.write_text(content, encoding="utf-8")
        self.commits += 1
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", subject)
        return self.git("rev-parse", "HEAD")


NewHistory = Callable[[str], History]


def is_running(pid: int) -> bool:
    """Whether the process lives: one that ended and that nobody waited for yet does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
