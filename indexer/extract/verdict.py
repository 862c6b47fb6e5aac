"""What an extraction comes to."""

from __future__ import annotations

from dataclasses import dataclass

from indexer.model import SkipReason


@dataclass(frozen=True, slots=True)
class Extracted:
    """The text of a file, its lines ended by line feeds only. It may be empty."""

    text: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why a file is not indexed; `detail` is a phrase for `status --skipped`."""

    reason: SkipReason
    detail: str
