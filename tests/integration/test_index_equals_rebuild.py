"""The incremental index equals a rebuild, after any sequence of edits."""

import os
import random
import shutil
import tempfile
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st
from index_dump import dump

from indexer.embed.scripted import ScriptedEmbedder
from indexer.index import Index

NAMES = ["a.py", "b.md", "pkg/c.py", "pkg/sub/d.js", "notes.txt", "pkg/e.rst", "bin.dat"]
BODIES = [
    "def alpha(x):\n    return x + 1\n",
    "def alpha(x):\n    return x + 2\n\n\nclass Beta:\n    def gamma(self):\n        pass\n",
    "# Title\n\nSome words on retries.\n\n## Below\n\nMore words.\n",
    "",
    "binary\0data",
    "function f() { return 1 }\n" * 30,
    "line\n" * 400,
]

edit = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(NAMES), st.sampled_from(BODIES)),
    st.tuples(st.just("delete"), st.sampled_from(NAMES), st.just("")),
    st.tuples(st.just("rename"), st.sampled_from(NAMES), st.sampled_from(NAMES)),
    st.tuples(st.just("ignore"), st.sampled_from(NAMES), st.just("")),
    st.tuples(st.just("look"), st.booleans(), st.just("")),
)


def carry_out(root: Path, step: tuple[str, str, str]) -> set[str]:
    """Do one edit; returns the paths that a watcher would name."""
    verb, name, other = step
    path = root / name
    if verb == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(path.name + ".tmp")
        aside.write_text(other)
        os.replace(aside, path)
        return {name}
    if verb == "delete":
        path.unlink(missing_ok=True)
        return {name}
    if verb == "rename" and path.exists() and name != other:
        (root / other).parent.mkdir(parents=True, exist_ok=True)
        os.replace(path, root / other)
        return {name, other}
    if verb == "ignore":
        with open(root / ".dustlocalignore", "a") as file:
            file.write(f"/{name}\n")
        return {".dustlocalignore"}
    return set()


@settings(deadline=None, max_examples=40)
@example([("write", "b.md", BODIES[0]), ("look", False, ""), ("delete", "b.md", "")])
@given(st.lists(edit, max_size=14))
def test_after_random_edits(steps: list[tuple[str, str, str]]) -> None:
    home = Path(tempfile.mkdtemp())
    root = home / "source"
    root.mkdir()
    index, fresh = Index(home / "incremental"), Index(home / "rebuilt")
    try:
        source = index.add(str(root)).id
        hints: set[str] = set()
        for step in steps:
            if step[0] != "look":
                hints |= carry_out(root, step)
                continue
            ignored = ".dustlocalignore" in hints
            index.refresh(source, None if ignored or step[1] else hints)
            hints = set()
        index.refresh(source)
        index.embed_pending(source, ScriptedEmbedder())
        fresh.refresh(fresh.add(str(root)).id)
        fresh.embed_pending(source, ScriptedEmbedder())
        assert dump(index, source) == dump(fresh, source)
    finally:
        index.close()
        fresh.close()
        shutil.rmtree(home)


def test_after_a_thousand_small_edits(tmp_path: Path) -> None:
    rng = random.Random(7)
    root = tmp_path / "source"
    root.mkdir()
    index, fresh = Index(tmp_path / "incremental"), Index(tmp_path / "rebuilt")
    source = index.add(str(root)).id
    for number in range(1000):
        step = (rng.choice(["write", "write", "delete", "rename"]), rng.choice(NAMES), "")
        other = rng.choice(NAMES) if step[0] == "rename" else f"{rng.choice(BODIES)}\n# {number}\n"
        touched = carry_out(root, (step[0], step[1], other))
        if rng.random() < 0.1:
            index.refresh(source, touched)
    index.refresh(source)
    fresh.refresh(fresh.add(str(root)).id)
    assert dump(index, source) == dump(fresh, source)
    index.close()
    fresh.close()
