"""Named points at which a test may kill the process, to prove that nothing is lost there.

`DUSTLOCAL_CRASH_AT=name` arms one, `name:3` for the third time it is passed. Unarmed, a point
costs a comparison of two strings.
"""

from __future__ import annotations

import os
import signal
from itertools import count
from typing import Final

VARIABLE: Final = "DUSTLOCAL_CRASH_AT"

POINTS: Final = (
    "before-document",
    "after-document",
    "before-removal",
    "after-removal",
    "between-batches",
    "before-complete",
    "after-commits-released",
    "after-commits",
    "before-commits-complete",
    "before-vectors",
    "after-vectors",
    "before-set-aside",
    "after-set-aside",
    "after-source-added",
    "before-source-removed",
    "before-pages-erased",
    "before-source-forgotten",
)

_NAME, _, _TIMES = os.environ.get(VARIABLE, "").partition(":")
_PASSED = count(1)


def crash_point(name: str) -> None:
    """Kill this process with SIGKILL if `name` is armed."""
    if name == _NAME and next(_PASSED) == int(_TIMES or 1):
        os.kill(os.getpid(), signal.SIGKILL)
