"""Trust is given to content, and to nothing that came or changed since."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dustlocal.errors import ConfigError, SourceError
from dustlocal.trust import Trust

CONFIG = ".dustlocal/config.toml"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "repo" / ".dustlocal" / "agents").mkdir(parents=True)
    (tmp_path / "repo" / CONFIG).write_text("[index]\n")
    (tmp_path / "repo" / ".dustlocal" / "agents" / "eng.md").write_text("# eng\n")
    return tmp_path / "repo"


@pytest.fixture
def trust(tmp_path: Path) -> Trust:
    return Trust(tmp_path / "trust.json")


def test_nothing_is_trusted_at_first(trust: Trust, root: Path) -> None:
    assert not trust.is_trusted(str(root))
    assert trust.content(str(root), CONFIG) is None


def test_granting_covers_every_file_as_it_is(trust: Trust, root: Path, tmp_path: Path) -> None:
    assert set(trust.grant(str(root))) == {CONFIG, ".dustlocal/agents/eng.md"}
    again = Trust(tmp_path / "trust.json")
    assert again.content(str(root), CONFIG) == b"[index]\n"
    assert (tmp_path / "trust.json").stat().st_mode & 0o777 == 0o600


def test_a_changed_file_is_inert_and_the_others_are_not(trust: Trust, root: Path) -> None:
    trust.grant(str(root))
    (root / CONFIG).write_text("[index]\ncommits = false\n")
    assert trust.content(str(root), CONFIG) is None
    assert trust.content(str(root), ".dustlocal/agents/eng.md") == b"# eng\n"
    assert trust.changed(str(root)) == (CONFIG,)


def test_a_new_file_is_inert(trust: Trust, root: Path) -> None:
    trust.grant(str(root))
    (root / ".dustlocal" / "late.md").write_text("hello\n")
    assert trust.content(str(root), ".dustlocal/late.md") is None


def test_a_file_that_became_a_link_is_inert(trust: Trust, root: Path, tmp_path: Path) -> None:
    trust.grant(str(root))
    (tmp_path / "same").write_text("[index]\n")
    (root / CONFIG).unlink()
    (root / CONFIG).symlink_to(tmp_path / "same")
    assert trust.content(str(root), CONFIG) is None


@pytest.mark.parametrize("kind", ["link", "folder link", "fifo", "huge"])
def test_only_plain_files_can_be_trusted(
    trust: Trust, root: Path, tmp_path: Path, kind: str
) -> None:
    odd = root / ".dustlocal" / "odd"
    if kind == "link":
        odd.symlink_to(root / CONFIG)
    elif kind == "folder link":
        odd.symlink_to(tmp_path)
    elif kind == "fifo":
        os.mkfifo(odd)
    else:
        odd.write_bytes(b"x" * 1_048_577)
    with pytest.raises(SourceError, match="can't be trusted"):
        trust.grant(str(root))
    assert not trust.is_trusted(str(root))


def test_there_must_be_something_to_trust(trust: Trust, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no \.dustlocal/ to trust"):
        trust.grant(str(tmp_path))


def test_revoking_ends_it(trust: Trust, root: Path) -> None:
    trust.grant(str(root))
    assert trust.revoke(str(root)) is True
    assert trust.revoke(str(root)) is False
    assert trust.content(str(root), CONFIG) is None


def test_a_damaged_record_is_an_error_and_trusts_nothing(trust: Trust, tmp_path: Path) -> None:
    (tmp_path / "trust.json").write_text("{")
    with pytest.raises(ConfigError, match="can't be read"):
        trust.is_trusted("/repo")
