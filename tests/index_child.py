"""A process that works on an index, to be killed or raced: its commands come as arguments.

    python index_child.py INDEX_FOLDER VERB:ROOT ...

It prints `ready` when everything is imported and waits for a line, then does what it is told and
prints each verb when it is done. An error of the product ends it with status 1.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).parents[1]
# Below this a refresh works in its own process; a test of the pool asks for more.
PROCESSES = "INDEX_CHILD_PROCESSES"
# Whom a child of root becomes before it works: a mode means nothing to root.
USER = "INDEX_CHILD_USER"


def start(folder: Path, *commands: str, **environment: str) -> "subprocess.Popen[str]":
    """Start one. It works once `go` has been called."""
    return subprocess.Popen(
        [sys.executable, "-P", __file__, str(folder), *commands],
        env={**os.environ, "PYTHONPATH": str(PROJECT), **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def go(child: "subprocess.Popen[str]") -> None:
    """Wait until it is ready, and let it work."""
    assert child.stdin and child.stdout
    assert child.stdout.readline() == "ready\n", child.communicate()
    child.stdin.write("\n")
    child.stdin.flush()


def finish(child: "subprocess.Popen[str]") -> tuple[int, str]:
    """Its exit status, and what it said."""
    output, errors = child.communicate(timeout=100)
    return child.returncode, output + errors


def run(folder: Path, *commands: str, **environment: str) -> tuple[int, str]:
    """From start to end."""
    child = start(folder, *commands, **environment)
    go(child)
    return finish(child)


def _main(folder: str, *commands: str) -> None:
    from indexer.embed.scripted import ScriptedEmbedder
    from indexer.errors import DustLocalError
    from indexer.index import Index
    from indexer.work import IndexOptions

    index = Index(Path(folder), IndexOptions(processes=int(os.environ.get(PROCESSES, "1"))))
    verbs = {
        "add": index.add,
        "refresh": lambda root: index.refresh(known(root)),
        "commits": lambda root: index.refresh_commits(known(root)),
        "embed": lambda root: index.embed_pending(known(root), ScriptedEmbedder()),
        "remove": lambda root: index.remove(known(root)),
    }

    def warm_up() -> None:
        """Import what is imported late: it may lie where only root may look."""
        with tempfile.TemporaryDirectory() as home:
            plain, other = Path(home) / "plain", Index(Path(home) / "index")
            plain.mkdir()
            (plain / "a.md").write_text("# Warm\n")
            subprocess.run(["git", "init", "--quiet", str(plain)], check=True)
            source = other.add(str(plain)).id
            other.refresh(source)
            other.refresh_commits(source)
            other.embed_pending(source, ScriptedEmbedder())
            other.close()

    def known(root: str):
        source = index.source(root)
        assert source is not None, root
        return source.id

    if USER in os.environ:
        warm_up()
        os.setgroups([])
        os.setuid(int(os.environ[USER]))
    print("ready", flush=True)
    sys.stdin.readline()
    for command in commands:
        verb, _, root = command.partition(":")
        try:
            verbs[verb](root)
        except DustLocalError as error:
            sys.exit(f"{type(error).__name__}: {error} ({error.hint})")
        print(verb, flush=True)
    index.close()


if __name__ == "__main__":
    _main(*sys.argv[1:])
