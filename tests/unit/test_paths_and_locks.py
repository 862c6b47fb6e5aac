"""Places are private, a socket's path is short, and a lock has one holder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dustlocal import locks
from dustlocal.errors import PlaceUnusable
from dustlocal.paths import Places, places, private_folder, require_ours, write_private

ROOT = Path(__file__).parents[2]


def test_one_variable_moves_everything(tmp_path: Path) -> None:
    found = places({"DUSTLOCAL_HOME": str(tmp_path)})
    assert [folder.name for folder in found.folders()] == ["config", "data", "cache", "run", "log"]
    assert {folder.parent for folder in found.folders()} == {tmp_path}


def test_a_relative_home_means_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert places({"DUSTLOCAL_HOME": "here"}).data == tmp_path / "here" / "data"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="XDG is Linux's")
def test_without_the_variable_the_platform_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/somewhere/data")
    monkeypatch.setenv("XDG_CONFIG_HOME", "/somewhere/config")
    assert places({}).data == Path("/somewhere/data/dustlocal")
    assert places({}).config_file == Path("/somewhere/config/dustlocal/config.toml")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="XDG is Linux's")
@pytest.mark.parametrize("runtime", [None, "/tmp/shared-with-others"])
def test_a_runtime_folder_in_the_shared_folder_is_not_used(
    runtime: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    if runtime:
        monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
    found = places({})
    if found.runtime != Path(f"/run/user/{os.geteuid()}/dustlocal"):
        assert found.runtime.name.startswith(f"dustlocal-{os.geteuid()}-")
        assert found.runtime == places({}).runtime, "client and daemon have to agree"


def test_a_folder_is_made_private_with_all_above_it(tmp_path: Path) -> None:
    made = private_folder(tmp_path / "a" / "b")
    assert [made.stat().st_mode & 0o777, made.parent.stat().st_mode & 0o777] == [0o700, 0o700]


def test_a_folder_that_is_open_to_others_is_closed(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    assert private_folder(tmp_path / "open").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("what", ["file", "dangling"])
def test_something_else_in_its_place_is_an_error(tmp_path: Path, what: str) -> None:
    place = tmp_path / "place"
    if what == "file":
        place.write_text("")
    else:
        place.symlink_to(tmp_path / "nowhere")
    with pytest.raises(PlaceUnusable, match="place"):
        private_folder(place)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_a_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    os.chown(tmp_path / "theirs", 12345, 12345)
    for check in (private_folder, require_ours):
        with pytest.raises(PlaceUnusable, match="not a folder of this user"):
            check(tmp_path / "theirs")


def test_a_long_runtime_path_gets_a_short_socket_of_its_own(tmp_path: Path) -> None:
    long = [Places(*[tmp_path / name / ("x" * 120)] * 5) for name in ("a", "b")]
    sockets = [where.socket for where in long]
    assert all(len(os.fsencode(socket)) <= 103 for socket in sockets)
    assert sockets[0] != sockets[1]
    assert str(os.geteuid()) in sockets[0].parent.name


def test_a_private_write_leaves_no_half_and_no_trace(tmp_path: Path) -> None:
    write_private(tmp_path / "file", b"old")
    write_private(tmp_path / "file", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_bytes() == b"new"
    with pytest.raises(PlaceUnusable, match="can't be written"):
        write_private(tmp_path / "missing" / "file", b"")


def test_a_lock_has_one_holder_and_says_who(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert locks.holder(path) is None
    lock = locks.acquire(path)
    assert lock is not None
    assert locks.acquire(path) is None
    assert locks.holder(path) == os.getpid()
    lock.release()
    assert locks.holder(path) is None
    assert path.exists()


def test_a_holder_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    code = (
        "import os, signal, sys; from pathlib import Path; from dustlocal import locks\n"
        "lock = locks.acquire(Path(sys.argv[1])); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], check=False, env={"PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == -9
    assert path.read_text().strip().isdigit(), "it wrote its pid"
    lock = locks.acquire(path)
    assert lock is not None
    lock.release()


def test_a_lock_is_not_followed_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PlaceUnusable):
        locks.acquire(tmp_path / "lock")
    assert not (tmp_path / "elsewhere").exists()
