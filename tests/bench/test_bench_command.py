"""`dustlocal bench` as users type it: shapes, usage, and what ctrl-C leaves behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from bench.history import History, is_running
from click.testing import CliRunner

from dustlocal.cli.bench import bench

COMMAND = [sys.executable, "-P", "-m", "dustlocal.cli.main", "bench"]


def run_json(*arguments: str) -> dict[str, Any]:
    done = CliRunner().invoke(bench, [*arguments, "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_localize_as_json(clone: History) -> None:
    found = run_json(
        *("localize", "--repos", str(clone.root.parent), "--back", "3", "--no-vectors", "-k", "20")
    )
    (one,) = found["repositories"]
    assert one["repository"] == "weather"
    assert one["summary"].keys() == {
        *("queries", "recall_5", "recall_10", "hit_1", "mrr", "mrr_low", "mrr_high"),
    }
    assert one["guard"]["commits"] == 0
    assert len(one["cut"]) == len(one["head"]) == 40
    assert found["macro"].keys() == {"recall_5", "recall_10", "hit_1", "mrr"}
    assert found["model"] == "none"


def test_first_ask_as_json(clone: History) -> None:
    found = run_json("first-ask", str(clone.root), "--runs", "1", "--no-vectors")
    assert found["files"] == 4
    assert found["runs"] == 1
    assert found["median_seconds"] > 0


def test_idle_as_json(clone: History) -> None:
    found = run_json("idle", str(clone.root), "--seconds", "1", "--model", "scripted")
    assert found["processes"] >= 1
    assert found["memory_megabytes"] > 0
    assert found["chunks"] > 0
    assert isinstance(found["touched"], list)


def test_a_path_may_stand_where_a_command_does(tmp_path: Path) -> None:
    done = CliRunner().invoke(bench, [str(tmp_path / "nowhere")])
    assert done.exit_code == 2
    assert "nowhere" in done.stderr
    assert "does not exist" in done.stderr


def test_help_lists_every_measurement() -> None:
    text = CliRunner().invoke(bench, ["--help"]).stdout
    for name in (
        *("all", "localize", "docstrings", "index", "latency", "freshness", "idle", "first-ask"),
    ):
        assert f"\n  {name} " in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["localize", "--back", "300"], "no commit 300 steps"),
        (["index", "--synthetic", "lots"], "not FILES:MB"),
        (["localize", "--repos", "station"], "holds no git repository"),
    ],
)
def test_mistakes_are_told_in_words(clone: History, arguments: list[str], said: str) -> None:
    done = subprocess.run(
        [*COMMAND, *arguments], cwd=clone.root, capture_output=True, check=False, text=True
    )
    assert done.returncode in (2, 3)
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_leaves_no_folder_and_no_daemon(
    clone: History, number: signal.Signals
) -> None:
    with tempfile.TemporaryDirectory(prefix="dl-", dir="/tmp") as folder:
        process = subprocess.Popen(
            [*COMMAND, "idle", "--seconds", "600", "--no-vectors"],
            cwd=clone.root,
            env=os.environ | {"TMPDIR": folder},
            stderr=subprocess.PIPE,
            text=True,
        )
        with process:
            assert process.stderr is not None
            seen = next(line for line in process.stderr if "nothing happens for" in line)
            assert seen
            (made,) = Path(folder).iterdir()
            pid = int((made / "home" / "run" / "daemon.lock").read_text())
            process.send_signal(number)
            process.stderr.read()
        assert process.returncode == 130
        assert list(Path(folder).iterdir()) == []
        assert not is_running(pid)
