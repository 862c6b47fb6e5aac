"""Queries from a repository's own history: a later commit's subject asks for the files it touched.

The index sees the tree at a cut, `back` commits before HEAD on the first-parent line; every later
commit that is no merge is a query, and its answers are the files it touched that existed at the
cut. The filters (subjects that say nothing, files that are noise) are those of the published
commit-localisation sets.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from indexer.model import Commit
from indexer.repository import Repository

_MIN_SUBJECT: Final = 20
_MAX_ANSWERS: Final = 5
_MAX_FILES: Final = 15

NOISE: Final = re.compile(
    r"(^|/)(CHANGES|CHANGELOG|HISTORY|NEWS|AUTHORS|CONTRIBUTORS|RELEASES?)([-_.][^/]*)?$"
    r"|(^|/)docs/(changelog|changes|history|news)\.[a-z]+$"
    r"|(^|/)(package-lock\.json|yarn\.lock|pnpm-lock\.yaml|Cargo\.lock|go\.sum|poetry\.lock"
    r"|uv\.lock|Pipfile\.lock|requirements[^/]*\.txt)$|(^|/)requirements/[^/]+$"
    r"|\.(png|jpe?g|gif|svg|ico|woff2?|ttf|eot|pdf|zip|gz|tgz|whl|so|dll|bin|map|lock)$"
    r"|\.min\.(js|css)$",
    re.IGNORECASE,
)
_SAYS_NOTHING: Final = re.compile(
    r"^(merge|revert|release|bump|version|update (version|deps?|dependenc|changelog|requirements"
    r"|pre-?commit)|v?\d+\.\d+|prepare|start version|begin|black|reformat|fmt|lint)\b"
    r"|\bbump\b|\btypos?\b|\bchangelog\b|\brelease notes\b|\bpre-?commit\b|dependabot"
    r"|build\(deps|chore\(deps|\bspelling\b|\bdeps\b|\bdependenc(y|ies)\b"
    r"|\b(update|upgrade)\b.{1,40}\bto v?\d|release v?\d|^[\w.-]+-\d+\.\d+\.\d+$",
    re.IGNORECASE,
)
_TRAILERS: Final = (
    (re.compile(r"\s*\((?:#|gh-)\d+[^)]*\)", re.IGNORECASE), ""),
    (
        re.compile(
            r",?\s*\b(?:closes?|fix(?:es|ed)?|refs?|resolves?|see)[:\s]+(?:#|gh-)\d+"
            r"(?:[,\s]+#\d+)*\.?",
            re.IGNORECASE,
        ),
        "",
    ),
    (re.compile(r"https?://\S+"), ""),
    (re.compile(r"#\d+"), ""),
    (re.compile(r"\s+"), " "),
)


@dataclass(frozen=True, slots=True)
class HistoryQuery:
    """A commit's cleaned subject, and the files that answer it."""

    commit: str
    text: str
    answers: frozenset[str]


def cleaned(subject: str) -> str:
    """A subject without issue numbers, links and trailers."""
    for pattern, replacement in _TRAILERS:
        subject = pattern.sub(replacement, subject)
    return subject.strip(" -:,;.")


def history_queries(repository: Repository, cut: str, head: str) -> list[HistoryQuery]:
    """The queries between `cut` (left out) and `head`, oldest first."""
    existing = {file.path for file in repository.tree_files(cut)}
    seen: set[str] = set()
    queries = []
    for commit in reversed(repository.log_between(cut, head)):
        query = _query(commit, existing)
        if query is not None and query.text.lower() not in seen:
            seen.add(query.text.lower())
            queries.append(query)
    return queries


def _query(commit: Commit, existing: set[str]) -> HistoryQuery | None:
    text = cleaned(commit.subject)
    if len(text) <= _MIN_SUBJECT or len(commit.paths) > _MAX_FILES:
        return None
    if _SAYS_NOTHING.search(commit.subject) or _SAYS_NOTHING.search(text):
        return None
    answers = frozenset(p for p in commit.paths if p in existing and not NOISE.search(p))
    return HistoryQuery(commit.sha, text, answers) if 1 <= len(answers) <= _MAX_ANSWERS else None


def export_tree(repository: Repository, commit: str, folder: Path) -> int:
    """Write the files of a commit's tree below the empty `folder`; returns how many.

    The copy is no repository, so no later commit can be reached from it. Links are left out.
    """
    written = 0
    for path, data in _files(repository, commit):
        target = folder / path
        if os.path.commonpath([folder, os.path.normpath(target)]) != str(folder):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        written += 1
    return written


def _files(repository: Repository, commit: str) -> Iterator[tuple[str, bytes]]:
    files = [file for file in repository.tree_files(commit) if stat.S_ISREG(file.mode)]
    for file, blob in zip(files, repository.read_blobs(file.blob for file in files), strict=True):
        if blob.data is not None:
            yield file.path, blob.data
