"""Credentials go through every command, and no file below DUSTLOCAL_HOME holds one of them."""

from __future__ import annotations

from pathlib import Path

from conftest import git
from planted_secrets import PLANTED, files, held, message, secrets


def test_files_commits_searches_answers_errors_and_logs(cli, home, project: Path) -> None:
    for path, text in files().items():
        (project / path).write_text(text)
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "-m", message())
    said = []
    for planted in PLANTED[::9]:
        words = planted.variable.replace("_", " ")
        for arguments in (
            ("ask", f"what is the {words} {planted.secret}?"),
            ("search", "--json", "-k", "50", planted.secret),
            ("search", "--kind", "commit", words),
            ("search", "--source", planted.secret, "x"),
            ("add", f"/nowhere/{planted.secret}"),
        ):
            done = cli(*arguments)
            # A refusal may name the words of the question that were not found.
            said.append(done.stdout.replace(planted.secret, ""))
            assert done.returncode in (0, 1, 2, 3), done.stderr
            assert "Traceback" not in done.stderr
    assert cli("index", str(project)).returncode == 0
    said.append(cli("status", "--skipped", "--json").stdout)
    said.append(cli("sources", "--json").stdout)
    assert "[redacted" in "".join(said)
    assert cli("down").returncode == 0
    assert {path.suffix for path in home.root.rglob("*") if path.is_file()} >= {".db", ".log"}
    assert held(home.root) == []
    told = "\n".join(said)
    assert [secret for secret in secrets() if secret in told] == []
