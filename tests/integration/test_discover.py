"""Which files belong to a source, and the reason kept for each other one."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess

import pytest

from indexer.discover import discover
from indexer.errors import SourceNotFound
from indexer.files import read_file
from indexer.model import SkipReason
from indexer.sources import locate


@pytest.fixture(params=["with git", "without git"])
def folder(request, make_repo):
    """An empty source to fill, once as a git work tree and once as a plain folder."""
    made = make_repo("source")
    if request.param == "without git":
        shutil.rmtree(made.root / ".git")
    return made


def listed(folder, **options):
    return discover(locate(str(folder.root)), **options)


def reasons(listing):
    return {path: skip.reason for path, skip in listing.skips.items()}


def test_every_file_is_listed_with_its_state_and_folder(folder):
    folder.write("a.py", "a\n")
    folder.write("deep/er/b.txt", "bb\n")
    folder.write("new\nline.md", "ccc\n")
    listing = listed(folder)
    assert set(listing.files) == {"a.py", "deep/er/b.txt", "new\nline.md"}
    assert listing.folders == {"", "deep/er"}
    facts = (folder.root / "deep/er/b.txt").lstat()
    state = listing.files["deep/er/b.txt"]
    assert (state.size, state.inode) == (3, facts.st_ino)
    assert (state.mtime_ns, state.ctime_ns) == (facts.st_mtime_ns, facts.st_ctime_ns)


def test_ignored_files_are_neither_listed_nor_reported(folder):
    folder.write(".gitignore", "*.log\nbuild/\n!keep.log\n/top.txt\n")
    folder.write("inner/.gitignore", "!loud.log\n*.tmp\n")
    for path in ("x.log", "keep.log", "build/out.js", "top.txt", "inner/top.txt"):
        folder.write(path)
    for path in ("inner/loud.log", "inner/quiet.log", "inner/x.tmp", "outer.tmp"):
        folder.write(path)
    listing = listed(folder)
    shown = {"keep.log", "inner/top.txt", "inner/loud.log", "outer.tmp"}
    assert set(listing.files) == shown | {".gitignore", "inner/.gitignore"}
    assert listing.skips == {}


def test_dustlocalignore_applies_on_top_at_every_level(folder):
    folder.write(".dustlocalignore", "# ours\n*.csv\r\nfixtures/\n!\n")
    folder.write("data/.dustlocalignore", "!small.csv\n")
    folder.write(".gitignore", "secret.txt\n")
    folder.write("data/secret.txt")
    folder.write("fixtures/.dustlocalignore", "!*\n")
    for path in ("a.csv", "data/b.csv", "data/small.csv", "fixtures/x.py", "ok.py"):
        folder.write(path)
    listing = listed(folder)
    names = {".dustlocalignore", ".gitignore", "data/.dustlocalignore"}
    assert set(listing.files) == names | {"data/small.csv", "ok.py"}
    assert listing.skips == {}


def test_excluded_patterns_can_not_be_taken_back_by_the_source(folder):
    folder.write(".dustlocalignore", "!*.key\n")
    folder.write("private.key")
    assert set(listed(folder, exclude=["*.key"]).files) == {".dustlocalignore"}


@pytest.mark.parametrize("content", [b"x" * 2_000_000, b"*a*a*a*a*a*b\n"], ids=["huge", "costly"])
def test_what_an_unusable_ignore_file_covers_stays_out(folder, content):
    folder.write("inner/.dustlocalignore", content)
    folder.write("inner/" + "a" * 200)
    folder.write("beside.txt")
    listing = listed(folder)
    assert set(listing.files) == {"beside.txt"}
    assert reasons(listing) == {"inner/.dustlocalignore": SkipReason.UNREADABLE}
    assert "left out" in listing.skips["inner/.dustlocalignore"].detail


def test_a_linked_ignore_file_keeps_its_folder_out(folder, tmp_path):
    (tmp_path / "rules").write_text("!*\n")
    folder.write("inner/a.txt")
    (folder.root / "inner/.dustlocalignore").symlink_to(tmp_path / "rules")
    listing = listed(folder)
    assert listing.files == {}
    assert "inner/.dustlocalignore" in listing.skips


def test_large_files_are_skipped_with_their_size(folder):
    folder.write("limit", b"x" * 1_048_576)
    folder.write("over", b"x" * 1_048_577)
    listing = listed(folder)
    assert set(listing.files) == {"limit"}
    skip = listing.skips["over"]
    assert skip.reason is SkipReason.OVERSIZED
    assert skip.detail == "1,048,577 bytes, over the limit of 1,048,576"
    assert skip.state is not None
    assert skip.state.size == 1_048_577
    assert set(listed(folder, max_file_bytes=10).skips) == {"limit", "over"}


def test_a_name_can_be_rejected_without_reading_the_file(folder):
    folder.write("logo.png")
    folder.write("a.py")
    listing = listed(
        folder,
        reject_by_name=lambda path: (
            (SkipReason.BINARY, "an image") if path.endswith(".png") else None
        ),
    )
    assert set(listing.files) == {"a.py"}
    assert (listing.skips["logo.png"].reason, listing.skips["logo.png"].detail) == (
        SkipReason.BINARY,
        "an image",
    )


def test_links_are_reported_and_never_followed(folder, tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/private.txt").write_text("private")
    folder.write("inside.txt")
    folder.write("deep/x.txt")
    for name, target in {
        "out": "../outside",
        "absolute": str(tmp_path / "outside/private.txt"),
        "deep/in": "../inside.txt",
        "self": "self",
        "up": ".",
        "broken": "nowhere",
    }.items():
        (folder.root / name).symlink_to(target)
    listing = listed(folder)
    assert set(listing.files) == {"inside.txt", "deep/x.txt"}
    links = {"out", "absolute", "deep/in", "self", "up", "broken"}
    assert reasons(listing) == dict.fromkeys(links, SkipReason.OUTSIDE_LINK)
    assert listing.skips["deep/in"].detail == "a link to inside.txt"
    assert listing.skips["absolute"].detail == "a link out of the source"


def test_pipes_and_sockets_are_no_files(folder, monkeypatch):
    os.mkfifo(folder.root / "pipe")
    monkeypatch.chdir(folder.root)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        listing = listed(folder)
    # git lists neither, a plain walk meets both.
    expected = {"pipe": "a named pipe", "socket": "a socket"}
    told = {path: skip.detail for path, skip in listing.skips.items()}
    assert listing.files == {}
    assert told == ({} if (folder.root / ".git").exists() else expected)


def test_a_name_that_is_not_utf8_is_skipped_and_told_in_escapes(folder):
    (folder.root / os.fsdecode(b"caf\xe9.txt")).write_text("x")
    folder.write("caf\u00e9.md")
    listing = listed(folder)
    assert set(listing.files) == {"caf\u00e9.md"}
    assert reasons(listing) == {"caf\\xe9.txt": SkipReason.UNDECODABLE_NAME}


def test_a_repository_inside_is_a_source_of_its_own(folder, make_repo):
    folder.write("a.py")
    inner = make_repo("source/vendor/inner")
    inner.commit("Inner", **{"deep/b.py": "b\n"})
    listing = listed(folder)
    assert set(listing.files) == {"a.py"}
    assert reasons(listing) == {"vendor/inner": SkipReason.NESTED_SOURCE}


def test_an_ignored_repository_inside_is_not_reported(folder, make_repo):
    folder.write(".dustlocalignore", "/inner/\n")
    make_repo("source/inner").commit("Inner", a="a\n")
    assert listed(folder).skips == {}


def test_a_folder_that_can_not_be_looked_into_is_told(folder, monkeypatch):
    folder.write("shut/a.py")
    folder.write("open/b.py")
    scandir, lstat = os.scandir, os.lstat

    def refuse(real):
        def look(path):
            if "/shut" in os.fspath(path) and (real is scandir or "/shut/" in path):
                raise PermissionError(13, "Permission denied", path)
            return real(path)

        return look

    monkeypatch.setattr(os, "scandir", refuse(scandir))
    monkeypatch.setattr(os, "lstat", refuse(lstat))
    listing = listed(folder)
    assert set(listing.files) == {"open/b.py"}
    assert {skip.reason for skip in listing.skips.values()} == {SkipReason.UNREADABLE}
    assert {skip.detail for skip in listing.skips.values()} == {"permission denied"}


def test_a_source_that_is_gone_is_an_error(folder):
    source = locate(str(folder.root))
    shutil.rmtree(folder.root)
    with pytest.raises(SourceNotFound):
        discover(source)


@pytest.fixture
def deepest(folder):
    """A file 1,200 folders down: deeper than the interpreter recurses."""
    here = os.open(folder.root, os.O_RDONLY)
    for _ in range(1200):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(os.open("file.txt", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)
    yield "d/" * 1200 + "file.txt"
    # Neither pytest nor shutil could remove it.
    subprocess.run(["rm", "-rf", folder.root / "d"], check=True)


def test_a_very_deep_tree_is_walked_without_recursion(folder, deepest):
    folder.write("d/x.txt")
    listing = listed(folder)
    assert set(listing.files) == {"d/x.txt", deepest}
    assert read_file(str(folder.root), deepest, 10).data == b""
