"""Which files of a source belong to it, and why each other one does not.

With git the candidates are what git lists; without, an own walk reads the ignore files itself.
Either way each folder is judged once and each file is looked at without following links.
Ignored files are no part of a source: they are neither listed nor reported.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence

from indexer.checkout import git_folder
from indexer.files import FileError, FileRejected, kind_of, oversized, state_of
from indexer.ignore import IgnoreRules
from indexer.model import FileState, Listing, Skip, SkipReason, Source
from indexer.repository import Repository
from indexer.sources import require_folder

MAX_FILE_BYTES = 1_048_576
IGNORE_FILE = ".dustlocalignore"

RejectByName = Callable[[str], tuple[SkipReason, str] | None]

# No file of a source has such a name in its path; the index of a hostile repository may list one.
_NEVER = frozenset({"", ".", "..", ".git"})
_NESTED = "a repository or work tree of its own: add it as a source"


def discover(
    source: Source,
    *,
    max_file_bytes: int = MAX_FILE_BYTES,
    exclude: Sequence[str] = (),
    reject_by_name: RejectByName = lambda path: None,
) -> Listing:
    """The files of `source` as they are on disk now.

    `exclude` are gitignore patterns that no ignore file of the source can take back;
    `reject_by_name` judges a path without reading the file. Raises `SourceNotFound`,
    `SourceUnreadable` and `GitError`.
    """
    require_folder(source.root)
    sieve = _Sieve(source, exclude)
    for path in sieve.candidates(source):
        sieve.sift(path, max_file_bytes, reject_by_name)
    folders = frozenset(path.rpartition("/")[0] for path in sieve.files)
    return Listing(sieve.files, sieve.skips, folders)


class _Sieve:
    def __init__(self, source: Source, exclude: Sequence[str]) -> None:
        self.files: dict[str, FileState] = {}
        self.skips: dict[str, Skip] = {}
        self._prefix = source.root.rstrip("/") + "/"
        rules = [IgnoreRules(source.root, "", exclude), IgnoreRules(source.root, IGNORE_FILE)]
        if source.git_dir is None:
            rules.append(IgnoreRules(source.root, ".gitignore"))
        self._rules = rules
        self._belongs = {"": self._enter("")}

    def candidates(self, source: Source) -> Iterator[str]:
        """Paths that may be files of the source; a trailing `/` marks a repository of its own."""
        if source.git_dir is None or source.common_dir is None:
            yield from self._walk()
            return
        listed = Repository(source.root, source.git_dir, source.common_dir).files()
        for folder, reason in listed.unopened:
            self._skip(folder, SkipReason.UNREADABLE, reason.lower())
        yield from listed.paths

    def sift(self, path: str, max_bytes: int, reject_by_name: RejectByName) -> None:
        """Put one candidate among the files or the skips, or nowhere (ignored, not there)."""
        if path.endswith("/"):
            self._folder_belongs(path[:-1])
            return
        folder, _, name = path.rpartition("/")
        if name.lower() in _NEVER or not self._folder_belongs(folder):
            return
        facts = self._look(path)
        if facts is None or self._is_ignored(path, facts.st_mode):
            return
        state = state_of(facts)
        if not stat.S_ISREG(facts.st_mode):
            self._skip_other(path, facts.st_mode, state)
        elif not _is_decodable(path):
            self._skip(path, SkipReason.UNDECODABLE_NAME, "the name is not UTF-8", state)
        elif rejected := reject_by_name(path):
            self._skip(path, *rejected, state)
        elif facts.st_size > max_bytes:
            detail = oversized(facts.st_size, max_bytes)
            self._skip(path, SkipReason.OVERSIZED, detail, state)
        else:
            self.files[path] = state

    def _walk(self) -> Iterator[str]:
        folders = [""]
        while folders:
            folder = folders.pop()
            if not self._folder_belongs(folder):
                continue
            inner = f"{folder}/" if folder else ""
            try:
                with os.scandir(self._prefix + folder) as entries:
                    for entry in entries:
                        if entry.is_dir(follow_symlinks=False):
                            folders.append(inner + entry.name)
                        else:
                            yield inner + entry.name
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                self._skip_unreadable(folder, error)

    def _folder_belongs(self, folder: str) -> bool:
        known = self._belongs.get(folder)
        return self._judge_down(folder) if known is None else known

    def _judge_down(self, folder: str) -> bool:
        """Judge the folders on the way to `folder` from the outside in, each once."""
        verdict = self._belongs[""]
        path = ""
        for name in folder.split("/"):
            path = f"{path}/{name}" if path else name
            known = self._belongs.get(path)
            if known is None:
                known = self._belongs[path] = verdict and self._judge(path, name)
            verdict = known
            if not verdict:
                break
        self._belongs[folder] = verdict
        return verdict

    def _judge(self, path: str, name: str) -> bool:
        if name.lower() in _NEVER:
            return False
        facts = self._look(path)
        if facts is None or self._is_ignored(path, facts.st_mode):
            return False
        if stat.S_ISLNK(facts.st_mode):
            self._skip_other(path, facts.st_mode, state_of(facts))
            return False
        if not stat.S_ISDIR(facts.st_mode):
            return False
        if self._is_repository(path):
            self._skip(path, SkipReason.NESTED_SOURCE, _NESTED)
            return False
        return self._enter(path)

    def _is_repository(self, folder: str) -> bool:
        full = self._prefix + folder
        return os.path.lexists(f"{full}/.git") and git_folder(full) is not None

    def _enter(self, folder: str) -> bool:
        """Take in a folder's ignore files; where one can't be read, all beside it stays out."""
        for rules in self._rules:
            try:
                rules.enter(folder)
            except FileError as error:
                detail = error.detail if isinstance(error, FileRejected) else "it keeps changing"
                detail += "; what it covers is left out"
                self._skip(error.path, SkipReason.UNREADABLE, detail)
                return False
        return True

    def _is_ignored(self, path: str, mode: int) -> bool:
        is_folder = stat.S_ISDIR(mode)
        return any(rules.ignores(path, is_folder=is_folder) for rules in self._rules)

    def _look(self, path: str) -> os.stat_result | None:
        """`lstat`, or None for what is not there (any more) or can't be looked at."""
        try:
            return os.lstat(self._prefix + path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            self._skip_unreadable(path, error)
            return None

    def _skip_other(self, path: str, mode: int, state: FileState) -> None:
        """A listed thing that is no regular file. A listed folder is a submodule's."""
        if stat.S_ISLNK(mode):
            self._skip(path, SkipReason.OUTSIDE_LINK, self._link_detail(path), state)
        elif stat.S_ISDIR(mode):
            self._skip(path, SkipReason.NESTED_SOURCE, _NESTED)
        else:
            self._skip(path, SkipReason.NOT_A_FILE, kind_of(mode), state)

    def _link_detail(self, path: str) -> str:
        """Where a link leads by its own words: to look would be to follow it."""
        full = self._prefix + path
        try:
            target = os.readlink(full)  # noqa: PTH115
        except OSError:
            return "a link that is gone"
        resolved = os.path.normpath(os.path.join(os.path.dirname(full), target))
        if not resolved.startswith(self._prefix):
            return "a link out of the source"
        return f"a link to {_printable(resolved.removeprefix(self._prefix))}"

    def _skip_unreadable(self, path: str, error: OSError) -> None:
        self._skip(path, SkipReason.UNREADABLE, (error.strerror or str(error)).lower())

    def _skip(
        self, path: str, reason: SkipReason, detail: str, state: FileState | None = None
    ) -> None:
        printable = _printable(path)
        self.skips[printable] = Skip(printable, reason, detail, state)


def _is_decodable(path: str) -> bool:
    return path.isascii() or _printable(path) == path


def _printable(path: str) -> str:
    """The path with undecodable bytes as backslash escapes, fit to be stored and shown."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
