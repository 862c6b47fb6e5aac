"""Only commands that read can be put to git at all."""

from __future__ import annotations

import pytest

from indexer.git import GitCall


@pytest.mark.parametrize(
    "words",
    [
        ("status",),
        ("commit", "-m", "x"),
        ("worktree", "add", "x"),
        ("worktree list", "add"),
        ("symbolic-ref", "HEAD", "refs/heads/x"),
        ("ls-files", "--with-tree=HEAD"),
        ("cat-file", "--textconv", "HEAD:x"),
        ("rev-parse", "--git-path", "x"),
        ("diff-tree", "--ext-diff"),
        ("ls-tree", "--output=/tmp/x", "HEAD"),
        ("-c", "alias.x=!touch x", "x"),
    ],
)
def test_a_command_that_is_not_known_to_read_only_is_never_started(words, monkeypatch):
    monkeypatch.setattr(GitCall, "_start", lambda call: pytest.fail("it was started"))
    with pytest.raises(ValueError, match="not known to read only"):
        GitCall("/", *words).answer()
