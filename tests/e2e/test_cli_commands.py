"""Every other command: what it prints, what it changes, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dustlocal import __version__


def test_without_a_command_the_help_lists_them_all(cli: Any, home: Any) -> None:
    done = cli()
    assert done.returncode == 0
    for command in ("search", "ask", "status", "doctor", "index", "models", "config"):
        assert f"\n  {command}" in done.stdout
    assert home.daemon_pid() is None, "help starts nothing"


def test_version(cli: Any) -> None:
    assert __version__ in cli("--version").stdout


def test_up_status_down(cli: Any, home: Any) -> None:
    up = cli.json("up", "--json")
    assert up["pid"] == home.daemon_pid()
    status = cli.json("status", "--json")
    assert {"pid", "version", "sources", "coverage", "model", "network"} <= set(status)
    assert (status["pid"], status["version"], status["network"]) == (up["pid"], __version__, "off")
    assert cli("down").stdout == "the daemon has stopped\n"
    assert cli("down").stdout == "no daemon was running\n"
    assert home.daemon_pid() is None


def test_status_lists_skipped_files_with_their_reason(cli: Any, project: Path) -> None:
    (project / "blob.bin").write_bytes(b"\0" * 100)
    assert cli("index", "--lexical").returncode == 0
    assert cli.json("status", "--json")["skipped"] == []
    (skipped,) = cli.json("status", "--skipped", "--json")["skipped"]
    assert (skipped["path"], skipped["reason"]) == ("blob.bin", "binary")
    assert "blob.bin  binary" in cli("status", "--skipped").stdout


def test_add_sources_remove(cli: Any, project: Path) -> None:
    assert cli.json("add", "--json", ".")["name"] == "lighthouse"
    assert cli("sources").stdout.startswith(f"lighthouse  {project}")
    assert cli("remove", "lighthouse").stdout == f"removed lighthouse  {project}\n"
    assert cli("sources").stdout == ""


def test_trust_and_revoke(cli: Any, project: Path) -> None:
    (project / ".dustlocal").mkdir()
    (project / ".dustlocal" / "config.toml").write_text("[index]\ncommits = false\n")
    cli("add", ".")
    assert cli.json("trust", "--json")["paths"] == [".dustlocal/config.toml"]
    assert cli.json("sources", "--json")["trusted"] is True
    assert cli.json("trust", "--revoke", "--json")["trusted"] is False


def test_index_completes_files_commits_and_vectors(cli: Any) -> None:
    assert cli("index").returncode == 0
    coverage = cli.json("status", "--json")["coverage"]
    assert (coverage["indexed"], coverage["commits"], coverage["vectors_pending"]) == (3, 1, 0)


def test_index_once_works_without_a_daemon_and_the_daemon_reads_it(cli: Any, home: Any) -> None:
    done = cli("index", "--once")
    assert done.returncode == 0, done.stderr
    assert home.daemon_pid() is None
    assert "lighthouse refreshed" not in done.stdout
    coverage = cli.json("status", "--json")["coverage"]
    assert (coverage["indexed"], coverage["commits"], coverage["vectors_pending"]) == (3, 1, 0)


def test_index_once_goes_through_a_daemon_that_runs(cli: Any, home: Any) -> None:
    cli("up")
    pid = home.daemon_pid()
    assert cli("index", "--once", "--lexical").returncode == 0
    assert home.daemon_pid() == pid
    assert cli.json("status", "--json")["coverage"]["indexed"] == 3


def test_index_of_a_plain_folder_adds_it(cli: Any, tmp_path: Path, home: Any) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.md").write_text("# A\n")
    assert cli("index", str(tmp_path / "notes"), "--once").returncode == 0
    assert cli.json("sources", "--json")["name"] == "notes"


@pytest.mark.parametrize("options", [("--once",), ()])
def test_index_without_weights_completes_the_words_and_says_so(
    cli: Any, home: Any, options: tuple[str, ...]
) -> None:
    home.configure('[embedding]\nmodel = "minilm"\n')
    done = cli("index", *options, DUSTLOCAL_MODELS="/nowhere")
    assert done.returncode == 0, done.stderr
    assert "dustlocal models pull embedding" in done.stderr
    assert cli("search", "lamp").returncode == 0


def test_doctor_finds_nothing_wrong_here(cli: Any, home: Any) -> None:
    done = cli("doctor", "--json")
    findings = {row["check"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert done.returncode == 0, done.stdout
    assert {"configuration", "SQLite", "git", "embedding", "data folder"} <= set(findings)
    assert home.daemon_pid() is None, "doctor starts nothing"
    cli("add", ".")
    assert "source lighthouse" in cli("doctor").stdout


def open_to_others(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o755)


@pytest.mark.parametrize(
    ("spoil", "check", "fix"),
    [
        (lambda home: home.configure("nonsense ="), "configuration", "correct that line"),
        (lambda home: (home.root / "data").write_text(""), "data folder", "DUSTLOCAL_HOME"),
        (lambda home: open_to_others(home.root / "cache"), "cache folder", "chmod 700"),
        (
            lambda home: home.configure('[embedding]\nmodel = "/no.gguf"\n'),
            "embedding",
            "dustlocal config set embedding.model minilm",
        ),
    ],
)
def test_doctor_names_the_trouble_and_its_fix(
    cli: Any, home: Any, spoil: Any, check: str, fix: str
) -> None:
    spoil(home)
    done = cli("doctor", "--json")
    assert done.returncode == 3
    findings = {row["check"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert findings[check]["verdict"] == "trouble"
    assert fix in findings[check]["fix"]


def test_config_show_path_set(cli: Any, home: Any) -> None:
    assert cli("config", "path").stdout.strip() == str(home.places.config_file)
    assert cli("config", "set", "index.exclude", '["*.log"]').returncode == 0
    shown = cli("config", "show").stdout
    assert f'index.exclude = ["*.log"]  # {home.places.config_file}' in shown
    assert "index.commits = true  # default" in shown
    assert cli("config", "set", "index.exlude", "[]").returncode == 2


def test_the_language_server_answers_initialize(cli: Any) -> None:
    request = json.dumps(
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}}}
    )
    message = f"Content-Length: {len(request)}\r\n\r\n{request}".encode()
    server = subprocess.Popen(
        cli.command("lsp"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.write(message)
    server.stdin.flush()
    header = b""
    while not header.endswith(b"\r\n\r\n"):
        header += server.stdout.read(1)
    length = int(
        dict(line.split(": ") for line in header.decode().split("\r\n")[:-2])["Content-Length"]
    )
    answer = json.loads(server.stdout.read(length))
    assert answer["result"]["serverInfo"] == {"name": "dustlocal", "version": __version__}
    server.send_signal(signal.SIGKILL)
    server.communicate()


def test_output_into_a_closed_pipe_is_no_error(cli: Any, project: Path) -> None:
    for number in range(200):
        (project / f"file{number}.md").write_text("# Lamp\n\n" + "lamp " * 200)
    assert cli("index", "--lexical").returncode == 0
    command = cli.command("search", "--json", "-k", "200", "lamp")
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        command, cwd=project, stdout=writing, stderr=subprocess.PIPE, check=False, timeout=60
    )
    os.close(writing)
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr
    assert b"BrokenPipe" not in done.stderr


def test_making_vectors_can_be_paused(cli: Any) -> None:
    assert cli("index", "--pause").returncode == 0
    cli("index", "--lexical")
    coverage = cli.json("status", "--json")["coverage"]
    assert coverage["vectors_pending"] == coverage["chunks"] > 0
    assert any("index --resume" in note for note in coverage["notes"])
    assert cli("index", "--resume").returncode == 0
    assert cli("index").returncode == 0
    coverage = cli.json("status", "--json")["coverage"]
    assert (coverage["vectors_pending"], coverage["notes"]) == (0, [])
