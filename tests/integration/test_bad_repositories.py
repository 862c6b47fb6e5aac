"""Repositories in any state, hostile ones too: files, commits and searches, end to end."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from index_child import USER, run

from indexer.embed.scripted import ScriptedEmbedder
from indexer.errors import BareRepository, GitError
from indexer.index import Index
from indexer.model import Kind, SkipReason, SourceId
from indexer.search.query import Query

EVERY_KIND = frozenset(Kind)
NOBODY = 65534


def bring_up(index: Index, root: Path) -> SourceId:
    source = index.add(str(root)).id
    index.refresh(source)
    index.refresh_commits(source)
    index.embed_pending(source, ScriptedEmbedder())
    assert index.refresh(source).idle
    assert index.refresh_commits(source) == 0
    return source


def commits(index: Index, source: SourceId, text: str) -> list[str]:
    query = Query(text, (source,), k=99, kinds=frozenset({Kind.COMMIT}))
    return [passage.text.split("\n")[0] for passage in index.search(query).passages]


def paths(index: Index, source: SourceId, text: str) -> list[str]:
    return [passage.path for passage in index.search(Query(text, (source,))).passages]


def test_an_empty_repository(index, make_repo) -> None:
    repo = make_repo()
    source = bring_up(index, repo.root)
    assert index.search(Query("anything", (source,), kinds=EVERY_KIND)).passages == ()
    repo.commit("The zanzibar one", first="quux\n")
    bring_up(index, repo.root)
    assert commits(index, source, "zanzibar") == ["The zanzibar one"]
    repo.git("update-ref", "-d", "HEAD")
    bring_up(index, repo.root)
    assert commits(index, source, "zanzibar") == []
    assert paths(index, source, "quux") == ["first"]


def test_a_detached_head_answers_for_itself(index, repo) -> None:
    first = repo.git("rev-parse", "HEAD")
    repo.commit("Add zanzibar", zanzibar="quuxmarker\n")
    source = bring_up(index, repo.root)
    assert commits(index, source, "zanzibar") == ["Add zanzibar"]
    repo.git("checkout", "--quiet", first)
    bring_up(index, repo.root)
    assert commits(index, source, "zanzibar start") == ["Start the application"]
    assert paths(index, source, "quuxmarker") == []
    repo.git("checkout", "--quiet", "main")
    bring_up(index, repo.root)
    assert commits(index, source, "zanzibar") == ["Add zanzibar"]


def test_a_bare_repository_is_refused_and_not_remembered(index, make_repo) -> None:
    bare = make_repo("bare.git", "--bare")
    with pytest.raises(BareRepository) as caught:
        index.add(str(bare.root))
    assert str(bare.root) in str(caught.value)
    assert "work tree" in caught.value.hint
    assert index.sources() == []


def test_a_shallow_clone_is_told_as_far_as_it_goes_and_more_when_it_is_deepened(
    index, repo, tmp_path
) -> None:
    for number in range(5):
        repo.commit(f"Zanzibar {number}", **{f"file{number}": f"quux{number}\n"})
    clone = tmp_path / "clone"
    repo.git("clone", "--quiet", "--depth", "2", f"file://{repo.root}", str(clone))
    source = bring_up(index, clone)
    assert set(commits(index, source, "zanzibar")) == {"Zanzibar 3", "Zanzibar 4"}
    repo.git("-C", str(clone), "fetch", "--quiet", "--unshallow")
    bring_up(index, clone)
    assert len(commits(index, source, "zanzibar")) == 5
    fresh = Index(tmp_path / "fresh")
    bring_up(fresh, clone)
    third = repo.git("rev-parse", "HEAD~1")
    assert index.commit(source, third) == fresh.commit(source, third)
    assert "file3" in (index.commit(source, third) or "")
    fresh.close()


@pytest.mark.parametrize("filter_", ["blob:none", "tree:0"])
def test_a_partial_clone_is_indexed_without_a_fetch(index, repo, tmp_path, filter_) -> None:
    repo.git("config", "uploadpack.allowFilter", "true")
    for number in range(3):
        repo.commit(f"Zanzibar {number}", **{"README.md": f"# Quux {number}\n"})
    clone = tmp_path / "clone"
    repo.git("clone", "--quiet", f"--filter={filter_}", f"file://{repo.root}", str(clone))
    objects = count_objects(clone)
    shutil.move(repo.root, tmp_path / "unreachable")
    source = bring_up(index, clone)
    assert paths(index, source, "quux")[0] == "README.md"
    assert len(commits(index, source, "zanzibar")) == 3
    assert count_objects(clone) == objects


def count_objects(root: Path) -> int:
    return sum(1 for path in (root / ".git" / "objects").rglob("*") if path.is_file())


def test_dustlocalignore_takes_away_what_was_indexed_and_gives_it_back(index, repo) -> None:
    repo.write("fixtures/big.md", "# Zanzibar\n")
    source = bring_up(index, repo.root)
    assert paths(index, source, "zanzibar") == ["fixtures/big.md"]
    repo.write(".dustlocalignore", "fixtures/\n")
    index.refresh(source)
    assert paths(index, source, "zanzibar") == []
    assert "fixtures/big.md" not in index.manifest(source)
    assert index.skips(source) == []
    (repo.root / ".dustlocalignore").unlink()
    index.refresh(source)
    assert paths(index, source, "zanzibar") == ["fixtures/big.md"]


def test_every_reason_for_leaving_a_file_out_is_listed(index, repo, make_repo) -> None:
    make_repo("repo/vendor/inner").commit("Inner", inner="inner\n")
    repo.write("app.min.js", "var a=1\n")
    repo.write("lines.js", "a=1;" * 4_000)
    repo.write("api_pb2.py", "x = 1\n")
    repo.write("gen.go", "// Code generated by protoc. DO NOT EDIT.\npackage x\n")
    repo.write("package-lock.json", "{}\n")
    repo.write("logo.png", b"\x89PNG\r\n")
    repo.write("blob", b"\0\1\2" * 99)
    repo.write("large.txt", "x\n" * 600_000)
    repo.write("broken.pdf", b"%PDF-1.4 nothing more")
    (repo.root / "link").symlink_to("README.md")
    source = bring_up(index, repo.root)
    assert {skip.path: skip.reason for skip in index.skips(source)} == {
        "app.min.js": SkipReason.GENERATED,
        "lines.js": SkipReason.MINIFIED,
        "api_pb2.py": SkipReason.GENERATED,
        "gen.go": SkipReason.GENERATED,
        "package-lock.json": SkipReason.GENERATED,
        "logo.png": SkipReason.BINARY,
        "blob": SkipReason.BINARY,
        "large.txt": SkipReason.OVERSIZED,
        "broken.pdf": SkipReason.EXTRACTION_FAILED,
        "link": SkipReason.OUTSIDE_LINK,
        "vendor/inner": SkipReason.NESTED_SOURCE,
    }
    assert all(skip.detail for skip in index.skips(source))
    coverage = index.coverage([source])
    assert (coverage.indexed, coverage.skipped, coverage.failed) == (2, 10, 1)


def test_a_hostile_repository_runs_nothing_from_add_to_remove(
    index, repo, tmp_path, monkeypatch
) -> None:
    marker = tmp_path / "marker"
    plant = tmp_path / "plant.sh"
    plant.write_text(f"#!/bin/sh\necho \"$0 $*\" >> '{marker}'\ncat 2>/dev/null\n")
    plant.chmod(0o755)
    repo.commit("Zanzibar", **{".gitattributes": "* diff=plant filter=plant merge=plant\n"})
    repo.write("README.md", "# Dirty quux\n")
    shutil.copy(plant, repo.root / "git")
    for hook in ("post-index-change", "fsmonitor-watchman", "reference-transaction", "pre-auto-gc"):
        shutil.copy(plant, repo.root / ".git" / "hooks" / hook)
    (repo.root / ".git" / "config").write_text(hostile(str(plant)))
    monkeypatch.setenv("PATH", f".{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(repo.root)
    source = bring_up(index, repo.root)
    assert paths(index, source, "quux")[0] == "README.md"
    assert commits(index, source, "zanzibar") == ["Zanzibar"]
    index.remove(source)
    assert not marker.exists(), marker.read_text()
    plain = ["git", f"--work-tree={repo.root}", "status"]
    subprocess.run(plain, cwd=repo.root, capture_output=True, check=False)
    assert marker.exists(), "nothing was planted: the test tests nothing"


def hostile(plant: str) -> str:
    """A configuration that names a program wherever git takes one."""
    keys = "fsmonitor sshCommand gitProxy askPass pager editor alternateRefsCommand"
    core = "".join(f"    {key} = {plant}\n" for key in keys.split())
    verbs = "ls-files rev-parse rev-list cat-file diff-tree ls-tree symbolic-ref"
    aliases = "".join(f"    {verb} = !{plant}\n" for verb in verbs.split())
    return (
        f"[core]\n    repositoryFormatVersion = 0\n    hooksPath = .git/hooks\n{core}"
        f"[alias]\n{aliases}[diff]\n    external = {plant}\n"
        f'[diff "plant"]\n    textconv = {plant}\n    command = {plant}\n'
        f'[filter "plant"]\n    clean = {plant}\n    smudge = {plant}\n    process = {plant}\n'
        f"    required = true\n[gpg]\n    program = {plant}\n[log]\n    showSignature = true\n"
        f"[credential]\n    helper = !{plant}\n"
    )


def test_a_damaged_repository_is_an_error_and_keeps_what_was_indexed(index, repo) -> None:
    repo.commit("Zanzibar", zanzibar="quux\n")
    source = bring_up(index, repo.root)
    git = repo.root / ".git"
    git.rename(repo.root.with_name("taken"))
    with pytest.raises(GitError):
        index.refresh(source)
    with pytest.raises(GitError):
        index.refresh_commits(source)
    assert commits(index, source, "zanzibar") == ["Zanzibar"]
    assert paths(index, source, "quux") == ["zanzibar"]
    repo.root.with_name("taken").rename(git)
    (git / "HEAD").write_bytes(b"\xff\0 no reference\n")
    with pytest.raises(GitError):
        index.refresh_commits(source)
    assert commits(index, source, "zanzibar") == ["Zanzibar"]


def test_a_folder_that_becomes_a_repository_leaves_nothing_behind(index, tmp_path) -> None:
    root = tmp_path.resolve() / "plain"
    root.mkdir()
    (root / "notes.md").write_text("# Zanzibar\n")
    source = index.add(str(root)).id
    index.refresh(source)
    subprocess.run(["git", "init", "--quiet", str(root)], check=True)
    assert bring_up(index, root) == source
    assert paths(index, source, "zanzibar") == ["notes.md"]
    index.remove(source)
    assert [path.name for path in index.folder.glob("*.db")] == ["catalog.db"]


@pytest.mark.parametrize("git", [True, False], ids=["with git", "without git"])
def test_what_may_not_be_read_is_told_and_the_rest_is_found(make_repo, tmp_path, git) -> None:
    repo = make_repo("source")
    if not git:
        shutil.rmtree(repo.root / ".git")
    for path in ("ordinary.md", "shut.md", "closed/inner.md"):
        repo.write(path, "# Lighthouse zanzibar\n")
    give_away(tmp_path)
    (repo.root / "shut.md").chmod(0)
    (repo.root / "closed").chmod(0)
    verbs = ("add", "refresh", "embed")
    rights = {USER: str(NOBODY)} if os.geteuid() == 0 else {}
    status, said = run(tmp_path / "index", *(f"{verb}:{repo.root}" for verb in verbs), **rights)
    (repo.root / "closed").chmod(0o700)
    assert status == 0, said
    index = Index(tmp_path / "index")
    (source,) = index.sources()
    denied = (SkipReason.UNREADABLE, "permission denied")
    assert {skip.path: (skip.reason, skip.detail) for skip in index.skips(source.id)} == {
        "closed": denied,
        "shut.md": denied,
    }
    assert paths(index, source.id, "lighthouse zanzibar") == ["ordinary.md"]
    assert index.coverage([source.id]).failed == 2
    index.close()


def give_away(folder: Path) -> None:
    """Let an ordinary user own all below a folder of ours: modes mean nothing to root."""
    if os.geteuid() != 0:
        return
    for parent in folder.parents:
        if parent.stat().st_uid == 0 and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o011)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
