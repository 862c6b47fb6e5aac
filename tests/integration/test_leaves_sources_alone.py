"""After a long use every byte and time of a source is what it was, apart from our own edits."""

from __future__ import annotations

import hashlib
import os
import random
from pathlib import Path

from indexer.embed.scripted import ScriptedEmbedder
from indexer.index import Index
from indexer.model import Kind
from indexer.search.query import Query

EVERY_KIND = frozenset(Kind)

# What a source is: each path's type and mode, size, modification time, and content.
Picture = dict[str, tuple[int, int, int, str]]


def picture(root: Path) -> Picture:
    """Everything below `root`, `.git` and the times of folders included."""
    seen: Picture = {}
    for folder, folders, names in os.walk(root):
        for name in (*folders, *names, "."):
            path = os.path.join(folder, name)
            facts = os.lstat(path)
            seen[path] = (facts.st_mode, facts.st_size, facts.st_mtime_ns, content_of(path))
    return seen


def content_of(path: str) -> str:
    if os.path.islink(path):
        return str(Path(path).readlink())
    if not os.path.isfile(path):
        return ""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def use(index: Index, root: Path) -> None:
    """What a day's work asks of the index, from the first command to the last."""
    source = index.add(str(root)).id
    index.refresh(source)
    index.refresh(source, ["src/app.py", "not/there.py"])
    index.refresh_commits(source)
    index.embed_pending(source, ScriptedEmbedder())
    for text in ("application", "why did it start", "print('app')"):
        for passage in index.search(Query(text, (source,), kinds=EVERY_KIND)).passages:
            index.lines(source, passage.path, passage.start_line, passage.end_line)
            if passage.commit:
                index.commit(source, passage.commit)
    index.skips(source)
    index.coverage([source])
    index.manifest(source)
    index.heal(source)


def test_after_a_long_use(repo, make_repo, index) -> None:
    rng = random.Random(3)
    side = repo.root.with_name("side")
    repo.write("image.png", b"\x89PNG")
    repo.write("link.md", "x")
    (repo.root / "to-readme").symlink_to("README.md")
    repo.commit("More of everything")
    repo.git("worktree", "add", "--quiet", "-b", "side", str(side))
    make_repo("repo/vendor/inner").commit("Inner", inner="inner\n")
    for step in range(12):
        change(repo, rng, step)
        before = picture(repo.root), picture(side)
        for root in (repo.root, side):
            use(index, root)
        if step % 4 == 3:
            for source in index.sources():
                index.remove(source.id)
        assert (picture(repo.root), picture(side)) == before, f"after step {step}"


def change(repo, rng: random.Random, step: int) -> None:
    """What its owner does to the repository, by plain git and by hand."""
    match step % 6:
        case 0:
            repo.write("src/app.py", f"print('app {step}')\n")
        case 1:
            repo.git("commit", "--quiet", "--all", "--allow-empty", "-m", f"Step {step}")
        case 2:
            repo.git("checkout", "--quiet", "-b", f"branch{step}")
            repo.write(f"new{step}.md", f"# New {step}\n")
            repo.git("add", "--all", ":!vendor")
        case 3:
            repo.write(f"dirty{rng.randrange(9)}.txt", "neither added nor ignored\n")
            # The same content at another time: git's index is stale, and `status` would renew it.
            os.utime(repo.root / "README.md", (1, 1))
        case 4:
            repo.git("stash", "--quiet", "--include-untracked")
            repo.git("checkout", "--quiet", "main")
        case 5:
            repo.git("gc", "--quiet")


def test_an_index_of_a_folder_without_rights_to_write(repo, index) -> None:
    """A source may be read-only: nothing is even tried there."""
    before = picture(repo.root)
    paths = sorted(repo.root.rglob("*"), reverse=True)
    for path in (*paths, repo.root):
        path.chmod(0o500 if path.is_dir() else 0o400)
    shut = picture(repo.root)
    use(index, repo.root)
    assert picture(repo.root) == shut
    for path in (repo.root, *reversed(paths)):
        path.chmod(0o700)
    assert [row[2:] for row in picture(repo.root).values()] == [row[2:] for row in before.values()]
