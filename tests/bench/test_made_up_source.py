"""The made-up repository is the same each time, of the asked size, and all of it is indexed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from dustlocal.bench.clones import copy_sources, make_repository
from dustlocal.bench.everything import text_bytes
from dustlocal.bench.latency import files_for
from dustlocal.bench.synthetic import parse_size, sources, write_repository
from dustlocal.bench.vocabulary import phrases
from dustlocal.errors import UsageError
from indexer.index import Index
from indexer.sources import locate


def test_the_same_source_comes_out_each_time() -> None:
    assert list(sources(14, 2_000)) == list(sources(14, 2_000))
    assert list(sources(14, 2_000)) != list(sources(14, 2_000, seed="other"))
    assert phrases(20) == phrases(20)


def test_files_have_the_size_that_was_asked_for(tmp_path: Path) -> None:
    written = write_repository(tmp_path, 42, 0.2)
    files = list((tmp_path / "src").rglob("*.*"))
    assert len(files) == 42
    assert written == sum(file.stat().st_size for file in files)
    assert written == pytest.approx(200_000, rel=0.15)
    assert len({file.suffix for file in files}) == 7


def test_git_lists_a_made_up_repository(tmp_path: Path) -> None:
    write_repository(tmp_path, 7, 0.01)
    listed = subprocess.run(
        ["git", "status", "--porcelain", "--untracked-files=all"],
        cwd=tmp_path,
        capture_output=True,
        check=True,
        text=True,
    )
    assert len(listed.stdout.splitlines()) == 7


def test_every_made_up_file_is_indexed_into_chunks_of_usual_size(tmp_path: Path) -> None:
    root = tmp_path.resolve() / "source"
    root.mkdir()
    written = write_repository(root, 28, 0.15)
    index = Index(tmp_path / "index")
    source = index.add(str(root))
    assert source.git_dir is not None
    index.refresh(source.id)
    coverage = index.coverage([source.id])
    assert (coverage.indexed, coverage.skipped) == (28, 0)
    assert 300 < written / coverage.chunks < 1_500
    index.close()


def test_the_asked_number_of_chunks_is_met_closely(tmp_path: Path) -> None:
    root = tmp_path.resolve() / "source"
    root.mkdir()
    files = files_for(600)
    write_repository(root, files, files * 12_000 / 1e6)
    index = Index(tmp_path / "index")
    source = index.add(str(root))
    index.refresh(source.id)
    assert index.coverage([source.id]).chunks == pytest.approx(600, rel=0.2)
    index.close()


@pytest.mark.parametrize(("text", "size"), [("5000:60", (5000, 60.0)), ("1:0.5", (1, 0.5))])
def test_a_size_is_files_and_megabytes(text: str, size: tuple[int, float]) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "5000", "0:5", "5:0", "a:b", "5:-1", "1:1:1"])
def test_another_size_is_an_error_that_shows_how(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_size(text)
    assert "5000:60" in caught.value.hint


def test_a_copy_holds_what_belongs_to_the_source_and_no_history(tmp_path: Path) -> None:
    root, copy = tmp_path.resolve() / "r", tmp_path.resolve() / "copy"
    for folder in (root, copy):
        folder.mkdir()
    make_repository(root)
    (root / ".git" / "hooks").mkdir()
    (root / ".git" / "hooks" / "post-commit").write_text("exit 1")
    (root / ".gitignore").write_text("ignored.txt\n")
    (root / "ignored.txt").write_text("not copied")
    (root / "a.py").write_text("copied = 1\n")
    (root / "link.py").symlink_to("/etc/passwd")
    assert copy_sources(root, copy) == 2
    assert {file.name for file in copy.iterdir()} == {".git", ".gitignore", "a.py"}
    assert not (copy / ".git" / "hooks").exists()


def test_pictures_and_lock_files_are_no_text_to_embed(tmp_path: Path) -> None:
    for name, size in (("a.py", 10), ("b.png", 1_000), ("uv.lock", 1_000)):
        (tmp_path / name).write_bytes(b"#" * size)
    assert text_bytes(locate(str(tmp_path))) == 10
