"""The small parts that figures are made of."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import islice
from pathlib import Path

import psutil
import pytest

from dustlocal.api import Hit
from dustlocal.bench.freshness import files_to_edit, words
from dustlocal.bench.idle import cpu_percent, modified, touched
from dustlocal.bench.latency import Times, times
from dustlocal.bench.localize import macro, ranked_files, require_same_hits
from dustlocal.bench.processes import Usage, end_processes_with, usage, watched_memory
from dustlocal.bench.scoring import Score, summarise
from dustlocal.bench.table import milliseconds, share, table
from dustlocal.errors import InternalError, SourceError
from indexer.redact import redact


def test_a_table_is_aligned_and_has_no_trailing_blanks() -> None:
    assert table(("name", "n"), [("a", "1"), ("longer", "1000")]) == (
        "name       n\n------  ----\na          1\nlonger  1000"
    )


def test_rows_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError):
        table(("name", "n"), [("a",)])


def test_numbers_are_written_as_the_field_writes_them() -> None:
    assert (share(0.5714), share(1.0), share(0.0)) == (".571", "1.000", ".000")
    assert (milliseconds(4.26), milliseconds(431.7)) == ("4.3", "432")


def hit(path: str, start: int = 1) -> Hit:
    return Hit(
        source="s", path=path, start_line=start, end_line=start, symbol="", kind="code",
        language="", score=1.0, text="",
    )  # fmt: skip


def test_files_are_ranked_by_their_first_passage_without_noise() -> None:
    hits = [hit("b.py"), hit("CHANGES.rst"), hit("a.py"), hit("b.py", 9), hit("uv.lock")]
    assert ranked_files(hits) == ["b.py", "a.py"]


def test_a_command_that_ranks_otherwise_is_an_error() -> None:
    require_same_hits([hit("a.py"), hit("b.py")], [("a.py", 1, 1), ("b.py", 1, 1)], "query")
    with pytest.raises(InternalError, match="query"):
        require_same_hits([hit("a.py"), hit("b.py")], [("b.py", 1, 1), ("a.py", 1, 1)], "query")


def test_the_macro_average_weighs_repositories_and_not_queries() -> None:
    one = summarise([Score(1.0, 1.0, 1)])
    other = summarise([Score(0.0, 0.0, None)] * 9)
    assert macro([one, other]) == {"recall_5": 0.5, "recall_10": 0.5, "hit_1": 0.5, "mrr": 0.5}


def test_times_of_calls() -> None:
    assert times([3.0, 1.0, 2.0]) == Times(3, 2.0, 3.0, 3.0)
    assert times([]) == Times(0, 0.0, 0.0, 0.0)


def test_words_to_look_for_are_new_and_are_kept_by_redaction() -> None:
    some = list(islice(words("test"), 500))
    assert len(set(some)) == 500
    text = "\n".join(f"# remember the {word} here" for word in some)
    assert redact(text, "a.py") == text


def test_text_is_edited_and_nothing_else() -> None:
    assert files_to_edit(["a.py", "b.png", "docs/c.rst", "Makefile"]) == ["a.py", "docs/c.rst"]
    with pytest.raises(SourceError):
        files_to_edit(["b.png"])


def test_files_that_change_come_or_go_were_touched(tmp_path: Path) -> None:
    for name in ("same", "changed", "gone"):
        (tmp_path / name).write_text("1")
    before = modified(tmp_path)
    os.utime(tmp_path / "changed", ns=(1, 1))
    (tmp_path / "gone").unlink()
    (tmp_path / "new").write_text("1")
    assert touched(before, modified(tmp_path)) == ("changed", "gone", "new")
    assert touched(before, before) == ()


def test_processor_time_is_a_share_of_one_core() -> None:
    assert cpu_percent(Usage(1, 0, 2.0, 0), Usage(1, 0, 2.6, 0), 60.0) == 1.0


SLEEPER = """
import sys
print(flush=True)
data = bytearray(50_000_000)
print(flush=True)
sys.stdin.readline()
"""


def start(code: str, **environment: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | environment,
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def grown(process: subprocess.Popen[bytes]) -> None:
    """Wait until a sleeper holds its fifty megabytes."""
    assert process.stdout is not None
    process.stdout.readline()


def test_the_memory_of_a_whole_process_tree_is_counted() -> None:
    before = usage(os.getpid())
    with watched_memory(os.getpid()) as peak, start(SLEEPER) as process:
        grown(process)
        during = usage(os.getpid())
        process.communicate(b"\n")
    assert during.processes == before.processes + 1
    assert during.memory_bytes > before.memory_bytes + 40_000_000
    assert peak.memory_bytes > 40_000_000


def test_processes_are_ended_by_what_they_were_started_with() -> None:
    with start(SLEEPER, BENCH_TEST="ours") as ours, start(SLEEPER, BENCH_TEST="theirs") as theirs:
        grown(ours)
        grown(theirs)
        assert end_processes_with("BENCH_TEST", "ours") == 1
        assert not psutil.pid_exists(ours.pid)
        assert psutil.pid_exists(theirs.pid)
        theirs.communicate(b"\n")
