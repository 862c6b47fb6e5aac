"""The daemon's and its workers' logs: a rotating private file, redacted record by record.

What a log line quotes (a path, a query, an exception's text) can hold a credential; whoever
starts logging hands in the redaction, which sees each finished line before it is written.
"""

from __future__ import annotations

import logging
import logging.handlers
import os
from collections.abc import Callable
from pathlib import Path

Redact = Callable[[str], str]

_MEGABYTE = 1_000_000
_FORMAT = "%(asctime)s %(levelname)-7s %(process)d %(name)s: %(message)s"


class RedactingFormatter(logging.Formatter):
    """Formats a record, its traceback included, and takes the secrets out of the result."""

    def __init__(self, redact: Redact) -> None:
        super().__init__(_FORMAT)
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        """One or more lines of text without a credential."""
        return self._redact(super().format(record))


def start_logging(file: Path, redact: Redact, *, level: int = logging.INFO) -> None:
    """Send every record of this process to `file`, 0600, at most 4 MB with its predecessors."""
    handler = _PrivateRotatingFile(
        file, maxBytes=_MEGABYTE, backupCount=3, encoding="utf-8", errors="backslashreplace"
    )
    handler.setFormatter(RedactingFormatter(redact))
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(level)
    logging.captureWarnings(capture=True)
    # A log that can't be written (a full disk) must not end the work that it tells of.
    logging.raiseExceptions = False


class _PrivateRotatingFile(logging.handlers.RotatingFileHandler):
    def _open(self):  # type: ignore[no-untyped-def]  # the stream's type is private to logging
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(self.baseFilename, flags, 0o600)
        return os.fdopen(descriptor, "a", encoding=self.encoding, errors=self.errors)
