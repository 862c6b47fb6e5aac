"""Exit codes, words instead of tracebacks, and no socket beyond this machine."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

CODES = [
    (["search"], 2, "Missing argument"),
    (["search", "--nope", "x"], 2, "No such option"),
    (["serch", "x"], 2, "No such command"),
    (["search", ""], 2, "the query is empty"),
    (["ask", "  "], 2, "the question is empty"),
    (["search", "--kind", "poem", "x"], 2, "kinds: code, document, commit"),
    (["search", "--since", "yesterdayish", "x"], 2, "2026-01-31"),
    (["search", "-k", "0", "x"], 2, "from 1 to 1000"),
    (["search", "--all", "--source", ".", "x"], 2, "exclude each other"),
    (["search", "--source", "nope", "x"], 3, "no source is called nope"),
    (["remove", "nope"], 3, "no source is called nope"),
    (["add", "/no/such/folder"], 3, "/no/such/folder is not there"),
    (["trust", "/"], 3, "in no known source"),
    (["config", "set", "no.such", "1"], 2, "unknown key `no.such`"),
    (["models", "pull", "chat"], 2, "'embedding'"),
]


@pytest.mark.parametrize(("arguments", "code", "said"), CODES)
def test_every_mistake_has_its_exit_code_and_its_words(
    cli: Any, arguments: list[str], code: int, said: str
) -> None:
    done = cli(*arguments)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_debug_shows_the_traceback_before_or_behind_the_command(cli: Any) -> None:
    for arguments in (["--debug", "remove", "nope"], ["remove", "nope", "--debug"]):
        done = cli(*arguments)
        assert done.returncode == 3
        assert "Traceback" in done.stderr


def test_a_malformed_configuration_is_a_usage_error_that_names_the_file(
    cli: Any, home: Any
) -> None:
    home.configure("network = \n")
    for command in (["up"], ["config", "show"]):
        done = cli(*command)
        assert done.returncode == 2
        assert f"{home.places.config_file}: not valid TOML" in done.stderr
        assert "line 1" in done.stderr


def test_a_data_folder_that_can_not_be_used_is_trouble_that_names_it(cli: Any, home: Any) -> None:
    (home.root / "data").write_text("in the way")
    for command in (["search", "x"], ["index", "--once"]):
        done = cli(*command)
        assert done.returncode == 3
        assert str(home.root / "data") in done.stderr


def test_a_bare_repository_is_told_from_an_empty_one(cli: Any, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", "--bare", tmp_path / "bare"], check=True)
    done = cli("ask", "anything?", cwd=tmp_path / "bare")
    assert done.returncode == 3
    assert "bare" in done.stderr
    subprocess.run(["git", "init", "--quiet", tmp_path / "empty"], check=True)
    done = cli("search", "anything", cwd=tmp_path / "empty")
    assert done.returncode == 1, done.stderr


def test_a_source_whose_folder_went_away_says_so(cli: Any, project: Path, home: Any) -> None:
    assert cli("index", "--lexical").returncode == 0
    project.rename(project.with_name("moved"))
    done = cli("index", "--all", cwd=project.parent)
    assert done.returncode == 3
    assert f"{project} is not there" in done.stderr
    status = cli.json("status", "--json", cwd=project.parent)
    assert status["sources"][0]["state"] == "missing"
    assert cli("doctor", cwd=project.parent).returncode == 3


def test_an_interrupt_ends_with_130_and_one_line(cli: Any, project: Path, home: Any) -> None:
    for number in range(400):
        (project / f"module{number}.py").write_text("def lamp() -> None: ...\n" * 100)
    command = subprocess.Popen(
        cli.command("index", "--lexical"), cwd=project, stderr=subprocess.PIPE, text=True
    )
    home.wait_for(lambda: "what='added'" in home.log(), "the work to begin")
    command.send_signal(signal.SIGINT)
    _, said = command.communicate(timeout=60)
    assert command.returncode == 130
    assert said.splitlines()[-1] == "interrupted"
    assert "Traceback" not in said


SPY = """
import os, sys

def spy(event, arguments):
    if event in ("socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo"):
        with open(os.environ["SPY_FILE"], "a") as file:
            family = arguments[0].family.name if hasattr(arguments[0], "family") else "lookup"
            print(event, family, arguments[1:], file=file)

sys.addaudithook(spy)
"""


def test_no_process_of_ours_touches_a_network_socket(
    cli: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "spy").mkdir()
    (tmp_path / "spy" / "sitecustomize.py").write_text(SPY)
    seen = tmp_path / "sockets.txt"
    monkeypatch.setenv("SPY_FILE", str(seen))
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path / 'spy'}{os.pathsep}{os.environ['PYTHONPATH']}")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    for command in (["ask", "why is the lamp lit?"], ["index"], ["status"], ["doctor"], ["down"]):
        assert cli(*command).returncode == 0
    calls = seen.read_text().splitlines()
    assert any("socket.bind AF_UNIX" in call for call in calls), "the spy sees the daemon"
    assert any("socket.connect AF_UNIX" in call for call in calls), "and the client"
    assert not [call for call in calls if "AF_UNIX" not in call]


def test_a_secret_in_a_question_reaches_no_file(cli: Any, home: Any) -> None:
    secret = "ghp_" + "q7Zr2mXc9LwT4vKb1NsY8dHf3JgP6aReU0iO"
    cli("ask", f"is {secret} used anywhere?")
    cli("search", "--source", f"/no/{secret}", "x")
    cli("add", f"/no/{secret}")
    cli("down")
    holding = [
        path
        for path in home.root.rglob("*")
        if path.is_file() and secret.encode() in path.read_bytes()
    ]
    assert not holding
