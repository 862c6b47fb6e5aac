"""A home of its own for each test that runs the product, and the command line in it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from dustlocal import locks
from dustlocal.client import Client
from dustlocal.paths import Places, places

# In CI a property is tried on the same examples each time, so that a change is judged by itself;
# everywhere else the examples are new, and what they find becomes an `@example`.
settings.register_profile("ci", derandomize=True, print_blob=True)
if os.environ.get("CI") == "true":
    settings.load_profile("ci")

ROOT = Path(__file__).parents[1]
PATIENCE = 60.0


def wait_for(condition: Callable[[], Any], what: str) -> Any:
    """The first true value of `condition`: something another process brings about."""
    deadline = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < deadline, f"gave up waiting for {what}"
        time.sleep(0.01)
    return value


@dataclass
class Home:
    """A DUSTLOCAL_HOME with a short path (a socket's must be), and what lives in it."""

    root: Path

    @property
    def places(self) -> Places:
        return places({"DUSTLOCAL_HOME": str(self.root)})

    def configure(self, text: str) -> None:
        self.places.config_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.places.config_file.write_text(text, "utf-8")

    def daemon_pid(self) -> int | None:
        return locks.holder(self.places.daemon_lock)

    def client(self, **options: Any) -> Client:
        return Client(self.places, **options)

    def wait_for(self, condition: Callable[[], Any], what: str) -> Any:
        return wait_for(condition, what)

    def log(self) -> str:
        file = self.places.log_file
        return file.read_text("utf-8") if file.exists() else ""


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A home for one test: vectors without a model, and no daemon left behind."""
    root = Path(tempfile.mkdtemp(prefix="dl-", dir="/tmp"))
    monkeypatch.setenv("DUSTLOCAL_HOME", str(root / "home"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    made = Home(root / "home")
    made.configure('[embedding]\nmodel = "scripted"\n')
    yield made
    end_daemon(made)
    shutil.rmtree(root)


def end_daemon(home: Home) -> None:
    try:
        pid = home.daemon_pid()
    except OSError:
        pid = None
    if pid and pid != os.getpid():
        os.kill(pid, signal.SIGTERM)
        wait_for(lambda: home.daemon_pid() != pid, "the daemon to end")


@dataclass
class Cli:
    """The command line, run as users run it: a process of its own."""

    cwd: Path

    def __call__(
        self, *arguments: str, cwd: Path | None = None, stdin: bytes = b"", **extra: str
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            self.command(*arguments),
            cwd=cwd or self.cwd,
            env=os.environ | extra,
            input=stdin,
            capture_output=True,
            check=False,
            timeout=PATIENCE,
        )
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
        )

    def json(self, *arguments: str, cwd: Path | None = None) -> Any:
        done = self(*arguments, cwd=cwd)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @staticmethod
    def command(*arguments: str) -> list[str]:
        return [sys.executable, "-P", "-m", "dustlocal.cli.main", *arguments]


@pytest.fixture
def cli(home: Home, project: Path) -> Cli:
    """The command line, in the folder of `project`."""
    return Cli(project)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A git repository with three files and a commit, unknown to any home."""
    root = tmp_path.resolve() / "lighthouse"
    (root / "src").mkdir(parents=True)
    (root / "src" / "beacon.py").write_text(
        '"""The beacon: turns the lamp on at dusk."""\n\n\n'
        "def kindle_lamp(dusk: bool) -> str:\n"
        '    """Light the lamp when it is dusk, because ships need it then."""\n'
        '    return "lit" if dusk else "dark"\n'
    )
    (root / "src" / "fog.py").write_text("def sound_horn(times: int) -> None:\n    print(times)\n")
    (root / "README.md").write_text("# Lighthouse\n\nThe keeper winds the clockwork each night.\n")
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "-m", "Build the lighthouse")
    return root


def git(root: Path, *arguments: str) -> None:
    settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    identity = ["-c", "user.name=Grace", "-c", "user.email=grace@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=root, env=os.environ | settings, check=True)
