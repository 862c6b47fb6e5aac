"""Ignore files in gitignore syntax (`.dustlocalignore`; `.gitignore` where there is no git)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from indexer.files import FileRejected, FileVanished, read_file
from indexer.model import SkipReason

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

_MAX_BYTES = 1 << 20

# pathspec matches with backtracking: four stars against one long name take half a second, five
# eight seconds. No project needs them, a hostile one could stop the indexer with them.
_COSTLY = re.compile(r"^(?!#).*(?:(?:\*+[^*/]+){3}\*|(?:\*+[^*]+){6}\*)")

# The specs that apply in a folder, innermost first, each with the length of its folder's prefix.
_Stack = tuple[tuple[int, "GitIgnoreSpec"], ...]


class IgnoreRules:
    """The rules of all ignore files of one name below a root; an inner file overrules an outer.

    Folders must be entered from the outside in, as git reads them: below an ignored folder
    nothing can be taken back.
    """

    def __init__(self, root: str, file_name: str, patterns: Iterable[str] = ()) -> None:
        self.file_name = file_name
        self._root = root
        own = compile_patterns(patterns)
        self._outermost: _Stack = ((0, own),) if own else ()
        self._stacks: dict[str, _Stack] = {}

    def enter(self, folder: str) -> None:
        """Take in the ignore file of `folder` (relative, "" for the root), if it has one.

        Raises `FileError` when there is one that can't be read.
        """
        parent = self._stacks[folder.rpartition("/")[0]] if folder else self._outermost
        own = self._read(folder)
        prefix = len(folder) + 1 if folder else 0
        self._stacks[folder] = ((prefix, own), *parent) if own else parent

    def ignores(self, path: str, *, is_folder: bool = False) -> bool:
        """Whether `path`, which lies in a folder that was entered, is ignored."""
        stack = self._stacks[path.rpartition("/")[0]]
        for prefix, spec in stack:
            decided = spec.check_file(path[prefix:] + "/" * is_folder).include
            if decided is not None:
                return decided
        return False

    def _read(self, folder: str) -> GitIgnoreSpec | None:
        path = f"{folder}/{self.file_name}" if folder else self.file_name
        if not self.file_name or not os.path.lexists(f"{self._root}/{path}"):
            return None
        try:
            data = read_file(self._root, path, _MAX_BYTES).data
        except FileVanished:
            return None
        lines = [line.removesuffix("\r") for line in os.fsdecode(data).split("\n")]
        if any(map(_COSTLY.search, lines)):
            detail = "a pattern with more than 3 `*` in one name, or 6 in all"
            raise FileRejected(path, SkipReason.UNREADABLE, detail)
        return compile_patterns(lines)


def compile_patterns(patterns: Iterable[str]) -> GitIgnoreSpec | None:
    """The patterns as one spec; like git, a line that is no valid pattern matches nothing."""
    lines = [line for line in patterns if line.strip()]
    if not lines:
        return None
    # Imported when a first ignore file is met: that takes 45 ms.
    from pathspec import GitIgnoreSpec  # noqa: PLC0415
    from pathspec.patterns.gitignore import GitIgnorePatternError  # noqa: PLC0415

    valid: list[GitIgnoreSpecPattern] = []
    for line in lines:
        try:
            valid += GitIgnoreSpec.from_lines([line]).patterns
        except GitIgnorePatternError:
            continue
    return GitIgnoreSpec(valid)
