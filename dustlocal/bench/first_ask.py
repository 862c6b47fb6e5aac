"""The first question in a repository that nothing knows yet, as the shell sees it."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import msgspec

from dustlocal import api
from dustlocal.bench.sandbox import COMMAND, Narration, Sandbox, open_sandbox
from dustlocal.bench.table import table
from dustlocal.errors import InternalError
from indexer.sources import locate

QUESTION: Final = "how are errors handled?"


@dataclass(frozen=True, slots=True)
class FirstAsk:
    """Wall seconds of `dustlocal ask` from a fresh home: no daemon, no index."""

    files: int
    runs: int
    median_seconds: float
    slowest_seconds: float
    refused: bool


def measure(path: Path, question: str, runs: int, model: str, narration: Narration) -> FirstAsk:
    """Ask `question` inside the source around `path`, each time with everything from nothing."""
    root = Path(locate(str(path)).root)
    taken, answers = [], []
    for number in range(runs):
        narration.say(f"first question, run {number + 1} of {runs}")
        with open_sandbox(narration, model=model) as sandbox:
            began = time.perf_counter()
            answers.append(_ask(sandbox, root, question))
            taken.append(time.perf_counter() - began)
    last = answers[-1]
    return FirstAsk(
        files=last.coverage.indexed,
        runs=runs,
        median_seconds=round(median(taken), 2),
        slowest_seconds=round(max(taken), 2),
        refused=last.refused,
    )


def _ask(sandbox: Sandbox, root: Path, question: str) -> api.AskResponse:
    done = subprocess.run(
        (*COMMAND, "ask", "--json", "--", question),
        capture_output=True,
        check=False,
        cwd=root,
    )
    if done.returncode != 0:
        raise InternalError(
            f"`dustlocal ask` ended with {done.returncode}: "
            + done.stderr.decode("utf-8", "replace").strip(),
            hint=f"try it by hand in {root}",
        )
    return msgspec.json.decode(done.stdout, type=api.AskResponse)


def describe(done: FirstAsk) -> str:
    """The table."""
    rows = [
        (f"median of {done.runs}", f"{done.median_seconds} s"),
        ("slowest", f"{done.slowest_seconds} s"),
        ("outcome", "a refusal" if done.refused else "an answer"),
    ]
    return table((f"first ask, {done.files} files", "figure"), rows)
