"""A repository with something of everything for an index, and looks at the index's files."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


def git(root: Path, *arguments: str, stdin: bytes = b"") -> None:
    """Run git, without the settings of this machine."""
    settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    identity = ["-c", "user.name=Grace", "-c", "user.email=grace@example.org"]
    subprocess.run(
        ["git", *identity, *arguments],
        cwd=root,
        env=os.environ | settings,
        input=stdin,
        capture_output=True,
        check=True,
    )


def write(root: Path, path: str, text: str) -> None:
    """Write a file below `root`, with its folders."""
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)


def make_source(root: Path) -> None:
    """Code, documents, things to skip, and three hundred commits."""
    root.mkdir()
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "fast-import", "--quiet", stdin=_history(300))
    git(root, "reset", "--quiet", "--hard")
    for number in range(40):
        body = f"def alpha{number}(x):\n    '''Counts retries, words, gamma.'''\n    return x\n"
        write(root, f"pkg{number % 4}/module{number}.py", body * 3)
        page = f"# Title {number}\n\nWords on beta.\n\n## Below\n\nLine {number}.\n"
        write(root, f"docs/page{number}.md", page)
    for number in range(600):
        write(root, f"images/{number}.png", "")


def _history(count: int) -> bytes:
    """A stream for `git fast-import`."""
    parts = []
    for number in range(count):
        message = f"Change alpha for the {number}th time\n\nBecause of gamma retries.\n"
        content = f"line {number}\n"
        parts.append(
            "commit refs/heads/main\n"
            f"committer Ada <ada@example.org> {1_700_000_000 + number} +0000\n"
            f"data {len(message)}\n{message}\n"
            f"M 100644 inline log{number % 7}.txt\ndata {len(content)}\n{content}\n"
        )
    return "".join(parts).encode()


def everything(root: Path) -> list[str]:
    """Commands for `index_child`: all work there is on a source."""
    return [f"{verb}:{root}" for verb in ("add", "refresh", "commits", "embed")]


def shard_of(folder: Path) -> Path:
    """The one shard below an index folder."""
    (found,) = (path for path in folder.glob("*.db") if path.name != "catalog.db")
    return found


def leftovers(folder: Path, *needles: bytes) -> list[tuple[str, bytes]]:
    """Which files below an index folder hold which of these bytes."""
    return [
        (path.name, needle)
        for path in folder.iterdir()
        for needle in needles
        if needle in path.read_bytes()
    ]
