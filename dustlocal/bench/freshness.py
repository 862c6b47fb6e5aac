"""How soon a saved file can be found: one save at a time, and under constant writing."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dustlocal import api
from dustlocal.bench.clones import copy_sources
from dustlocal.bench.latency import Times, times
from dustlocal.bench.sandbox import NO_MODEL, Narration, Sandbox, open_sandbox
from dustlocal.bench.stored import indexed_paths
from dustlocal.bench.table import milliseconds, table
from dustlocal.errors import SourceError

_PATIENCE_SECONDS: Final = 20.0
_DEPTH: Final = 50
"""How far down counts as found: what is measured is when it is there, not how high it ranks."""

_PAUSE_SECONDS: Final = 0.01
"""Between two looks: a client that polls without a pause takes a core from the indexing."""

_WRITING_PAUSE_SECONDS: Final = 0.05
_TEXT: Final = frozenset("py js ts tsx go rs java c h cc cpp cs rb php kt swift md rst txt".split())
_CONSONANTS: Final = "bdfgklmnprtvz"
_VOWELS: Final = "aiou"


@dataclass(frozen=True, slots=True)
class Plan:
    """How to measure: `saves` one after another, then `samples` under constant writing."""

    saves: int = 50
    samples: int = 10
    model: str = NO_MODEL


@dataclass(frozen=True, slots=True)
class Freshness:
    """From the end of a save until a search finds it. `lost` ones did not turn up at all."""

    files: int
    saves: Times
    constant_writing: Times
    lost: int


def measure(path: Path, plan: Plan, narration: Narration) -> Freshness:
    """Save into a copy of the source around `path`, watched by a daemon."""
    with open_sandbox(narration, model=plan.model) as sandbox:
        root = sandbox.new_folder("source")
        copy_sources(path, root)
        info = sandbox.add(root)
        looking = _Looking(sandbox, api.Scope(sources=(info.id,)))
        narration.say(f"{plan.saves} saves")
        files = [root / path for path in files_to_edit(indexed_paths(sandbox, info.id))]
        saves = list(_save_and_look(files, plan.saves, looking))
        narration.say("constant writing")
        constant = list(_look_while_writing(root, plan.samples, looking))
    found = [each for each in saves if each is not None]
    found_constant = [each for each in constant if each is not None]
    lost = len(saves) + len(constant) - len(found) - len(found_constant)
    return Freshness(info.coverage.indexed, times(found), times(found_constant), lost)


@dataclass(frozen=True, slots=True)
class _Looking:
    """Searches for a word until it is found."""

    sandbox: Sandbox
    scope: api.Scope

    def until_found(self, word: str, since: float) -> float | None:
        """Milliseconds from `since` (of `perf_counter`) to the answer; None when it never came."""
        request = api.SearchRequest(query=word, scope=self.scope, k=_DEPTH)
        while time.perf_counter() - since < _PATIENCE_SECONDS:
            if any(word in hit.text for hit in self.sandbox.client.search(request).hits):
                return (time.perf_counter() - since) * 1000
            time.sleep(_PAUSE_SECONDS)
        return None


def words(seed: str) -> Iterator[str]:
    """Words that no repository contains, and that no rule takes for a secret."""
    rng = random.Random(seed)  # noqa: S311 - words, not secrets
    while True:
        yield "".join(rng.choice(_CONSONANTS) + rng.choice(_VOWELS) for _ in range(7))


def files_to_edit(paths: Iterable[str]) -> list[str]:
    """The paths of files that an engineer would edit. Errors: `SourceError` for none."""
    found = [path for path in paths if path.rpartition(".")[2] in _TEXT]
    if not found:
        raise SourceError("no file of code or text to edit here", hint="name another source")
    return found


def _save_and_look(files: Sequence[Path], count: int, looking: _Looking) -> Iterator[float | None]:
    rng = random.Random("saves")  # noqa: S311 - which file is edited next
    for _, word in zip(range(count), words("saves"), strict=False):
        with rng.choice(files).open("a", encoding="utf-8") as file:
            file.write(f"\n# remember the {word} here\n")
        yield looking.until_found(word, time.perf_counter())


def _look_while_writing(root: Path, count: int, looking: _Looking) -> Iterator[float | None]:
    with _writing(root / "constantly_written.txt") as newest:
        for _ in range(count):
            newest.written.clear()
            newest.written.wait(_PATIENCE_SECONDS)
            word, at = newest.word, newest.at
            yield looking.until_found(word, at)


class _Newest:
    """The word that was written last, and when."""

    def __init__(self) -> None:
        self.word, self.at = "", 0.0
        self.written = threading.Event()


@contextmanager
def _writing(file: Path) -> Iterator[_Newest]:
    """Append a line twenty times a second, in a thread, during the `with` block."""
    newest, done = _Newest(), threading.Event()

    def write() -> None:
        for word in words("writing"):
            with file.open("a", encoding="utf-8") as stream:
                stream.write(f"remember the {word} here\n")
            newest.word, newest.at = word, time.perf_counter()
            newest.written.set()
            if done.wait(_WRITING_PAUSE_SECONDS):
                return

    writer = threading.Thread(target=write, name="writer")
    writer.start()
    try:
        yield newest
    finally:
        done.set()
        writer.join()


def describe(done: Freshness) -> str:
    """The table."""
    what = (("a save", done.saves), ("constant writing", done.constant_writing))
    rows = [
        [name, str(one.count), *map(milliseconds, (one.p50_ms, one.p95_ms, one.slowest_ms))]
        for name, one in what
    ]
    header = (f"until found, {done.files} files", "times", "p50 ms", "p95 ms", "max ms")
    return table(header, rows) + (f"\nnever found: {done.lost}" if done.lost else "")
