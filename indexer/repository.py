"""Reading one git repository: its files, its history, its blobs. Nothing here writes."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import IO

from indexer.checkout import find_checkout
from indexer.errors import BareRepository, GitError
from indexer.git import PATIENCE_SECONDS, GitCall
from indexer.git_records import (
    Blob,
    TreeFile,
    parse_blobs,
    parse_commits,
    parse_sizes,
    parse_tree,
    split_records,
)
from indexer.model import Commit

_COMMIT_FORMAT = "%H%x00%an%x00%ct%x00%s%x00%b"
_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_UNOPENED = re.compile(r"^warning: could not open directory '(.*)/': (.*)$", re.M)


@dataclass(frozen=True, slots=True)
class WorkTreePaths:
    """What git lists below a root: tracked paths, and untracked ones that are not ignored.

    A path that ends in `/` is a repository of its own; a submodule's is its folder. A listed
    path need not be there (deleted, sparse). `unopened` pairs folders git could not look into
    with the reason.
    """

    paths: list[str]
    unopened: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Repository:
    """One work tree of a git repository, to read from. Commit ids are full hexadecimal names.

    Every method raises `GitError` when git can't be run, refuses, or is silent for `patience`
    seconds.
    """

    root: str
    git_dir: str
    common_dir: str
    patience: float = PATIENCE_SECONDS

    @classmethod
    def open(cls, path: str) -> Repository | None:
        """The innermost repository around `path`, None outside any.

        Raises `BareRepository`, and `GitError` when git refuses (another user's folder).
        """
        checkout = find_checkout(os.path.realpath(path))
        if checkout is None:
            return None
        repository = cls(checkout.root, checkout.git_dir, checkout.common_dir)
        # Without --work-tree, which would make any repository look like one with files.
        call = GitCall(checkout.root, "rev-parse", "--is-bare-repository", as_work_tree=False)
        if call.answer().strip() == b"true":
            raise BareRepository(
                f"{checkout.root} belongs to a bare git repository: it has no files to index",
                hint="add one of its work trees instead (see `git worktree list`)",
            )
        return repository

    def head(self) -> str | None:
        """The commit that is checked out, None on a branch without one."""
        return self._resolve("HEAD^{commit}")

    def branch(self) -> str | None:
        """The short name of the current branch, None for a detached HEAD."""
        call = self._call("symbolic-ref", "--quiet", "--short", "HEAD")
        return os.fsdecode(call.answer(fine=(0, 1))).strip() or None

    def files(self) -> WorkTreePaths:
        """Everything that belongs to the work tree by git's rules."""
        call = self._call(
            "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"
        )
        paths = os.fsdecode(call.answer()).split("\0")
        return WorkTreePaths(paths[:-1], _UNOPENED.findall(call.complaint))

    def is_shallow(self) -> bool:
        """Whether older history was left out when cloning."""
        return bool(self.edge())

    def commit_shas(self) -> list[str]:
        """All commits reachable from HEAD, newest first."""
        return [] if self.head() is None else self._rev_list("HEAD")

    def commits(self, exclude: Collection[str] = (), limit: int | None = None) -> Iterator[Commit]:
        """Commits reachable from HEAD, newest first, less `exclude`, at most `limit`.

        A merge has no paths (its commits have them), nor has a commit at a shallow clone's edge.
        """
        known = frozenset(exclude)
        wanted = (sha for sha in self.commit_shas() if sha not in known)
        yield from self._describe(list(islice(wanted, limit)))

    def log_between(self, cut: str, head: str) -> list[Commit]:
        """The commits reachable from `head` and not from `cut`, children before their parents."""
        return list(self._describe(self._rev_list(f"{_sha(cut)}..{_sha(head)}", "--topo-order")))

    def first_parent(self, back: int) -> str:
        """The commit `back` steps before HEAD along first parents."""
        sha = self._resolve(f"HEAD~{back:d}")
        if sha is None:
            raise GitError(
                f"the history of {self.root} has no commit {back} steps before HEAD",
                hint="choose a smaller step, or fetch the rest of a shallow clone",
            )
        return sha

    def tree_files(self, commit: str) -> list[TreeFile]:
        """The files and links of a commit's tree."""
        call = self._call("ls-tree", "-r", "-z", "--full-tree", _sha(commit))
        entries = list(parse_tree(split_records(call.stream())))
        sizes = self._sizes({blob for _, _, blob in entries})
        return [TreeFile(path, mode, blob, sizes.get(blob)) for path, mode, blob in entries]

    def read_blobs(self, shas: Iterable[str], limit: int = 1 << 30) -> Iterator[Blob]:
        """The blobs named, in that order, from one process; without content beyond `limit`."""
        wanted = [_sha(name) for name in shas]
        here = self._sizes(wanted) if self._is_partial() else frozenset(wanted)
        with tempfile.TemporaryFile() as spool:
            _spool(spool, (sha for sha in wanted if sha in here))
            call = self._call("cat-file", "--batch", "--buffer", stdin=spool)
            blobs = parse_blobs(call.stream(), limit)
            for sha in wanted:
                yield next(blobs) if sha in here else Blob(sha, None, None)

    def worktrees(self) -> list[str]:
        """The roots of all work trees of this repository that are there, the main one first."""
        records = self._call("worktree list", "--porcelain", "-z").answer()
        entries = [entry.split(b"\0") for entry in records.split(b"\0\0") if entry]
        return [
            os.fsdecode(entry[0].removeprefix(b"worktree "))
            for entry in entries
            if b"bare" not in entry and not any(line.startswith(b"prunable") for line in entry)
        ]

    def _describe(self, shas: list[str]) -> Iterator[Commit]:
        told = 0
        diff = (
            "diff-tree --stdin -r -z --root --always --name-only --no-renames --no-ext-diff "
            "--no-textconv --no-relative"
        )
        try:
            for commit in self._log(shas, *diff.split()):
                told += 1
                yield commit
        except GitError:
            # A clone without trees can't tell the paths; the messages it has.
            if not self._is_partial():
                raise
            plain = ("rev-list", "--stdin", "--no-walk=unsorted", "--no-commit-header")
            yield from self._log(shas[told:], *plain)

    def _log(self, shas: list[str], verb: str, *options: str) -> Iterator[Commit]:
        mark = os.urandom(16).hex()
        layout = f"--format={mark}{_COMMIT_FORMAT}{'%x00' if verb == 'rev-list' else ''}"
        with tempfile.TemporaryFile() as spool:
            _spool(spool, shas)
            call = self._call(verb, *options, "--encoding=UTF-8", layout, stdin=spool)
            records = split_records(call.stream())
            yield from parse_commits(records, mark.encode(), self.edge())

    def _sizes(self, shas: Collection[str]) -> dict[str, int]:
        """The sizes of those objects that this clone has.

        A partial clone is asked for all it has, since git ends with an error when it is asked
        for one that it would have to fetch.
        """
        wanted = frozenset(shas)
        with tempfile.TemporaryFile() as spool:
            _spool(spool, () if self._is_partial() else wanted)
            every = ("--batch-all-objects", "--unordered") if self._is_partial() else ()
            call = self._call("cat-file", "--batch-check", "--buffer", *every, stdin=spool)
            found = parse_sizes(call.stream())
            return {sha: size for sha, size in found if sha in wanted}

    def edge(self) -> frozenset[str]:
        """The commits whose parents a shallow clone left out; none in a whole one."""
        try:
            with open(os.path.join(self.common_dir, "shallow"), encoding="ascii") as lines:
                return frozenset(lines.read().split())
        except FileNotFoundError:
            return frozenset()

    def _is_partial(self) -> bool:
        packs = os.path.join(self.common_dir, "objects", "pack")
        return any(name.endswith(".promisor") for name in os.listdir(packs))

    def _rev_list(self, revision: str, *options: str) -> list[str]:
        return self._call("rev-list", *options, revision).answer().decode("ascii").split()

    def _resolve(self, revision: str) -> str | None:
        call = self._call("rev-parse", "--verify", "--quiet", revision)
        return call.answer(fine=(0, 1)).decode("ascii").strip() or None

    def _call(self, verb: str, *arguments: str, stdin: IO[bytes] | None = None) -> GitCall:
        return GitCall(self.root, verb, *arguments, stdin=stdin, patience=self.patience)


def _sha(name: str) -> str:
    if not _SHA.fullmatch(name):
        raise ValueError(f"not the full name of a git object: {name!r}")
    return name


def _spool(spool: IO[bytes], names: Iterable[str]) -> None:
    """Names for git's standard input, in a file: a pipe would need a thread to feed it."""
    spool.writelines(name.encode("ascii") + b"\n" for name in names)
    spool.seek(0)
