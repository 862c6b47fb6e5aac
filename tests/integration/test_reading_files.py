"""Reading one file of a source: whole, bounded, and never outside."""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress

import pytest

from indexer import files
from indexer.files import FileRejected, FileUnsettled, FileVanished, read_file, state_of
from indexer.model import SkipReason

LIMIT = 1_000


@pytest.fixture
def root(tmp_path):
    made = tmp_path / "source"
    (made / "a/b").mkdir(parents=True)
    return made


def rejection(root, path, limit=LIMIT):
    with pytest.raises(FileRejected) as caught:
        read_file(str(root), path, limit)
    return caught.value.reason


def test_a_file_is_read_whole_with_the_state_it_had(root):
    (root / "a/b/file").write_bytes(b"\0\xff\n" * 100)
    content = read_file(str(root), "a/b/file", LIMIT)
    assert content.data == b"\0\xff\n" * 100
    assert content.state == state_of((root / "a/b/file").lstat())


def test_an_empty_file_is_empty(root):
    (root / "empty").touch()
    assert read_file(str(root), "empty", LIMIT).data == b""


def test_the_limit_is_inclusive_and_nothing_beyond_it_is_read(root):
    (root / "limit").write_bytes(b"x" * LIMIT)
    (root / "over").write_bytes(b"x" * (LIMIT + 1))
    assert len(read_file(str(root), "limit", LIMIT).data) == LIMIT
    assert rejection(root, "over") is SkipReason.OVERSIZED


@pytest.mark.parametrize("path", ["missing", "a/missing/file", "a/b/file/below"])
def test_a_file_that_is_gone_has_vanished(root, path):
    (root / "a/b/file").touch()
    with pytest.raises(FileVanished):
        read_file(str(root), path, LIMIT)


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a/./b", "x\0y"])
def test_a_path_that_is_not_inside_is_rejected(root, path):
    (root.parent / "x").write_text("private")
    assert rejection(root, path) is SkipReason.NOT_A_FILE


def test_a_link_is_rejected_wherever_it_leads(root):
    (root.parent / "private").write_text("private")
    (root / "real").write_text("real")
    for name, target in (("out", "../private"), ("in", "real"), ("loop", "loop")):
        (root / name).symlink_to(target)
        assert rejection(root, name) is SkipReason.OUTSIDE_LINK


def test_a_folder_that_is_a_link_is_not_entered(root):
    (root.parent / "outside").mkdir()
    (root.parent / "outside/file").write_text("private")
    (root / "link").symlink_to("../outside")
    with pytest.raises(FileVanished):
        read_file(str(root), "link/file", LIMIT)


def test_a_link_that_takes_the_files_place_after_the_look_is_not_followed(root, monkeypatch):
    (root.parent / "private").write_text("private")
    (root / "file").write_text("mine")
    look = os.stat

    def look_then_swap(path, **options):
        facts = look(path, **options)
        (root / "new").symlink_to("../private")
        (root / "new").replace(root / "file")
        return facts

    monkeypatch.setattr(files.os, "stat", look_then_swap)
    with pytest.raises(FileVanished):
        read_file(str(root), "file", LIMIT)


def test_pipes_sockets_devices_and_folders_are_no_files(root, monkeypatch):
    os.mkfifo(root / "pipe")
    monkeypatch.chdir(root)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        for name in ("pipe", "socket", "a"):
            assert rejection(root, name) is SkipReason.NOT_A_FILE
    with pytest.raises(FileRejected, match="null") as caught:
        read_file("/dev", "null", LIMIT)
    assert caught.value.detail == "a device"


def test_a_file_without_permission_is_unreadable(root, monkeypatch):
    (root / "file").touch()
    real = os.open

    def refuse(path, flags, **options):
        if path == "file":
            raise PermissionError(13, "Permission denied", path)
        return real(path, flags, **options)

    monkeypatch.setattr(files.os, "open", refuse)
    assert rejection(root, "file") is SkipReason.UNREADABLE


def test_a_file_that_changes_once_while_it_is_read_is_read_again(root, monkeypatch):
    (root / "file").write_text("before")
    changes = iter([b"after!", b"x"])
    read = files._read_up_to

    def read_and_change(descriptor, count):
        data = read(descriptor, count)
        if len(data) == 6 and data == b"before":
            (root / "file").write_bytes(next(changes))
        return data

    monkeypatch.setattr(files, "_read_up_to", read_and_change)
    content = read_file(str(root), "file", LIMIT)
    assert content.data == b"after!"
    assert content.state == state_of((root / "file").lstat())


def test_a_file_that_never_rests_is_unsettled(root, monkeypatch):
    (root / "file").write_text("x")
    read = files._read_up_to

    def read_and_grow(descriptor, count):
        data = read(descriptor, count)
        with open(root / "file", "ab") as growing:
            growing.write(b"x")
        return data

    monkeypatch.setattr(files, "_read_up_to", read_and_grow)
    with pytest.raises(FileUnsettled):
        read_file(str(root), "file", LIMIT)


def test_a_write_just_after_the_read_changes_the_state(root):
    file = root / "file"
    for number in range(20):
        file.write_bytes(b"%06d" % number)
        state = read_file(str(root), "file", LIMIT).state
        file.write_bytes(b"%06d" % (number + 1))
        assert state_of(file.lstat()) != state


def test_reading_leaves_no_descriptor_open(root):
    (root / "a/b/file").touch()
    (root / "link").symlink_to("a")
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    for path in ("a/b/file", "a/b/missing", "a/nowhere/file", "link", "a/b", "link/b/file"):
        with suppress(files.FileError):
            read_file(str(root), path, LIMIT)
    after = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    assert after == before


def test_an_old_file_is_read_without_waiting(root, monkeypatch):
    (root / "file").write_text("x")
    now = time.time_ns
    monkeypatch.setattr(files.time, "time_ns", lambda: now() + 10**9)
    monkeypatch.setattr(files.time, "sleep", lambda seconds: pytest.fail("it waited"))
    assert read_file(str(root), "file", LIMIT).data == b"x"
