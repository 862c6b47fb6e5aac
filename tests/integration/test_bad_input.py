"""Whatever lies in a source: it is indexed, or skipped with its reason, and the rest is found."""

from __future__ import annotations

import os
import random
import resource
import socket
import stat
import subprocess
from pathlib import Path

import pytest

from indexer import files
from indexer.index import Index
from indexer.model import Kind, SkipReason, SourceId
from indexer.search.query import Query

MIB = 1_048_576


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with one ordinary file, which has to be found whatever is beside it."""
    made = tmp_path.resolve() / "source"
    made.mkdir()
    (made / "ordinary.py").write_text("def lighthouse():\n    return 'found'\n")
    return made


def indexed(index: Index, root: Path) -> SourceId:
    """Index it; the ordinary file is found, and a second look has nothing to do."""
    source = index.add(str(root)).id
    index.refresh(source)
    assert found(index, source, "lighthouse")[0] == "ordinary.py"
    assert index.refresh(source).idle
    return source


def found(index: Index, source: SourceId, text: str) -> list[str]:
    return [passage.path for passage in index.search(Query(text, (source,))).passages]


def reasons(index: Index, source: SourceId) -> dict[str, SkipReason]:
    return {skip.path: skip.reason for skip in index.skips(source)}


def test_bytes_that_are_no_utf8_are_indexed_around(index: Index, root: Path) -> None:
    (root / "latin.txt").write_bytes("Stra\xdfenlaterne zanzibar\n".encode("latin-1"))
    (root / "broken.py").write_bytes(b"def quux():\n    return '\xff\xfe\xc3'\n")
    source = indexed(index, root)
    assert found(index, source, "zanzibar") == ["latin.txt"]
    assert found(index, source, "quux") == ["broken.py"]
    assert index.lines(source, "broken.py", 2, 2) == "    return '\ufffd\ufffd\ufffd'"


def test_a_file_with_nul_bytes_is_binary(index: Index, root: Path) -> None:
    (root / "data.txt").write_bytes(b"text\0more text\n" * 99)
    assert reasons(index, indexed(index, root)) == {"data.txt": SkipReason.BINARY}


def test_any_bytes_under_any_name_end_in_rows_or_a_reason(index: Index, root: Path) -> None:
    rng = random.Random(13)
    suffixes = "py md rst html ipynb pdf json js tsx c sh ex lua go swift toml txt".split()
    for number, suffix in enumerate(suffixes * 3):
        noise = rng.randbytes(rng.randrange(3_000))
        text = bytes(byte or 32 for byte in noise) if number % 3 else b"%PDF-1.4 " + noise
        (root / f"noise{number}.{suffix}").write_bytes(text)
    source = indexed(index, root)
    here = {path.name for path in root.iterdir()}
    assert {*index.manifest(source), *reasons(index, source)} == here


def test_a_huge_file_is_skipped_unread(index: Index, root: Path) -> None:
    with open(root / "sparse.txt", "wb") as file:
        file.truncate(200 * MIB)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    source = indexed(index, root)
    assert reasons(index, source) == {"sparse.txt": SkipReason.OVERSIZED}
    (skip,) = index.skips(source)
    assert skip.detail.startswith("209,715,200 bytes")
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kib < 150 * 1024


@pytest.mark.parametrize("name", ["line.js", "line.txt", "line.json", "line.md", "line.html"])
def test_a_line_of_five_megabytes_hangs_nothing(tmp_path: Path, root: Path, name: str) -> None:
    from indexer.work import IndexOptions

    index = Index(tmp_path / "index", IndexOptions(max_file_bytes=8 * MIB))
    (root / name).write_text("word, " * (5 * MIB // 6))
    assert reasons(index, indexed(index, root)) == {name: SkipReason.MINIFIED}
    index.close()


def test_what_is_no_file_is_told_and_never_opened(
    index: Index, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(root / "pipe.py")
    monkeypatch.chdir(root)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.py")
    wanted = {"pipe.py": SkipReason.NOT_A_FILE, "socket.py": SkipReason.NOT_A_FILE}
    if os.geteuid() == 0:
        os.mknod(root / "device.py", stat.S_IFCHR | 0o600, os.makedev(1, 5))
        wanted["device.py"] = SkipReason.NOT_A_FILE
    assert reasons(index, indexed(index, root)) == wanted


def test_a_pipe_that_takes_the_place_of_an_indexed_file(index: Index, root: Path) -> None:
    (root / "a.py").write_text("def zanzibar():\n    pass\n")
    source = indexed(index, root)
    (root / "a.py").unlink()
    os.mkfifo(root / "a.py")
    index.refresh(source, ["a.py"])
    assert reasons(index, source) == {"a.py": SkipReason.NOT_A_FILE}
    assert found(index, source, "zanzibar") == []


def test_links_lead_nowhere(index: Index, root: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "private.txt").write_text("zanzibar\n")
    (root / "passwd.txt").symlink_to("/etc/passwd")
    (root / "outside").symlink_to(tmp_path / "outside")
    (root / "loop").symlink_to("loop")
    (root / "up").symlink_to("..")
    (root / "here.py").symlink_to("ordinary.py")
    source = indexed(index, root)
    links = ("passwd.txt", "outside", "loop", "up", "here.py")
    assert reasons(index, source) == dict.fromkeys(links, SkipReason.OUTSIDE_LINK)
    assert set(index.manifest(source)) == {"ordinary.py"}
    index.close()
    stored = b"".join(path.read_bytes() for path in index.folder.iterdir())
    assert b"zanzibar" not in stored
    assert b"root:x:0" not in stored


def test_an_indexed_folder_that_becomes_a_link_out_is_not_followed(
    index: Index, root: Path, tmp_path: Path
) -> None:
    (root / "inner").mkdir()
    (root / "inner" / "a.md").write_text("# Inside\n")
    source = indexed(index, root)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.md").write_text("# Zanzibar\n")
    (root / "inner").rename(tmp_path / "moved")
    (root / "inner").symlink_to(tmp_path / "outside")
    index.refresh(source, ["inner/a.md"])
    assert found(index, source, "zanzibar") == []
    index.refresh(source)
    assert reasons(index, source) == {"inner": SkipReason.OUTSIDE_LINK}
    assert set(index.manifest(source)) == {"ordinary.py"}


NAMES = [
    "new\nline.md",
    "tab\tand \\ and 'quote' and \"quote\".md",
    "-rf.md",
    "--help.md",
    "$(touch marker).md",
    "* ? [a-z].md",
    "%s%n{0}.md",
    "n\u0061\u0308me \u202e \U0001f5fc.md",
    "a" * 252 + ".md",
    " leading and trailing .md ",
    "con.md.",
]


@pytest.mark.parametrize("git", [True, False], ids=["with git", "without git"])
def test_files_with_awkward_names_are_indexed_under_them(
    index: Index, root: Path, git: bool
) -> None:
    if git:
        subprocess.run(["git", "init", "--quiet", str(root)], check=True)
    for number, name in enumerate(NAMES):
        (root / name).write_text(f"# Zanzibar{number}\n")
    deep = root / "/".join(["d" * 50] * 40)
    deep.mkdir(parents=True)
    (deep / "deep.md").write_text("# Quuxmarker\n")
    source = indexed(index, root)
    for number, name in enumerate(NAMES):
        assert found(index, source, f"zanzibar{number}")[:1] == [name]
        assert index.lines(source, name, 1, 1) == f"# Zanzibar{number}"
        (root / name).unlink()
    assert found(index, source, "quuxmarker")[0].endswith("/deep.md")
    assert index.refresh(source).removed == len(NAMES)


@pytest.mark.parametrize("git", [True, False], ids=["with git", "without git"])
def test_a_name_that_is_no_utf8_is_skipped_under_its_escapes(
    index: Index, root: Path, git: bool
) -> None:
    if git:
        subprocess.run(["git", "init", "--quiet", str(root)], check=True)
    with open(os.fsencode(root) + b"/caf\xe9.py", "w") as file:
        file.write("zanzibar = 1\n")
    source = indexed(index, root)
    assert reasons(index, source) == {"caf\\xe9.py": SkipReason.UNDECODABLE_NAME}
    (skip,) = index.skips(source)
    assert skip.path.encode("utf-8")


def test_a_source_in_a_folder_that_is_no_utf8_is_refused_in_words(
    index: Index, tmp_path: Path
) -> None:
    from indexer.errors import SourceError

    folder = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")
    Path(folder).mkdir()
    with pytest.raises(SourceError, match="not valid UTF-8") as caught:
        index.add(folder)
    assert str(caught.value).encode("utf-8")
    assert index.sources() == []


@pytest.mark.parametrize("after", [0, 3])
def test_files_that_vanish_while_they_are_read(
    index: Index, root: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    for number in range(8):
        (root / f"zanzibar{number}.md").write_text("# Zanzibar\n")
    read, reads = files._read_up_to, []

    def read_and_delete(descriptor: int, count: int) -> bytes:
        reads.append(descriptor)
        if len(reads) == after + 1:
            for path in root.glob("zanzibar*"):
                path.unlink()
        return read(descriptor, count)

    monkeypatch.setattr(files, "_read_up_to", read_and_delete)
    source = index.add(str(root)).id
    index.refresh(source)
    monkeypatch.undo()
    indexed(index, root)
    assert set(index.manifest(source)) == {"ordinary.py"}
    assert found(index, source, "zanzibar") == []


def test_a_file_that_never_rests_is_reported_and_read_when_it_does(
    index: Index, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "log.md").write_text("# Zanzibar\n")
    read = files._read_up_to

    def read_and_append(descriptor: int, count: int) -> bytes:
        data = read(descriptor, count)
        if b"Zanzibar" in data:
            with open(root / "log.md", "a") as file:
                file.write("more\n")
        return data

    monkeypatch.setattr(files, "_read_up_to", read_and_append)
    source = index.add(str(root)).id
    done = index.refresh(source)
    assert done.unsettled == 1
    assert set(index.manifest(source)) == {"ordinary.py"}
    monkeypatch.undo()
    assert index.refresh(source).read == 1
    assert found(index, source, "zanzibar") == ["log.md"]


@pytest.mark.parametrize(
    "text",
    [
        "retry " * 17_000,
        "x" * 100_000,
        '"' * 100_000,
        "NEAR(" * 20_000,
        "a\0b\nc" * 20_000,
        "ﬁ\u0301\u202e" * 30_000,
        " ".join(f"w{number}" for number in range(20_000)),
        "\ud800" * 1_000,
    ],
    ids=["words", "one word", "quotes", "operators", "controls", "marks", "terms", "surrogates"],
)
def test_queries_of_100_kb_are_answered(index: Index, root: Path, text: str) -> None:
    source = indexed(index, root)
    every = frozenset(Kind)
    result = index.search(Query(f"{text} lighthouse", (source,), kinds=every, count_terms=True))
    assert result.coverage.indexed == 1
