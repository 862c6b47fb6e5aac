"""What an answer could see, as a message: the one way from the index's coverage to a client's."""

from __future__ import annotations

import msgspec

from dustlocal.api import CoverageInfo
from indexer.model import Coverage


def coverage_info(coverage: Coverage) -> CoverageInfo:
    """Coverage as clients see it. The fields have the same names on both sides."""
    return msgspec.convert(coverage, CoverageInfo, from_attributes=True)
