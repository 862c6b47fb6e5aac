"""The text of a PDF, page by page."""

from __future__ import annotations

import io
import logging
import time
import warnings
from collections.abc import Iterator
from typing import Final

from indexer.extract.verdict import Extracted, Rejected
from indexer.model import SkipReason

_MAX_PAGES: Final = 2_000
_MAX_CHARACTERS: Final = 5_000_000
_MAX_SECONDS: Final = 60.0


def pdf_text(data: bytes) -> Extracted | Rejected:
    """Each page's text under a line `# Page N`; `Rejected` if the file is encrypted or broken.

    Bounded at 2,000 pages and 5 million characters (what lies behind is left out) and at a
    minute (then the file is rejected: half a document by the clock would differ every time).
    """
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Extracted("".join(_bounded(_pages(data))))
    except Exception as error:  # pypdf lets any exception out of a malformed file
        return Rejected(SkipReason.EXTRACTION_FAILED, _described(error))


class _RefusedError(Exception):
    """A PDF that could be read on, and is not."""


def _pages(data: bytes) -> Iterator[str]:
    from pypdf import PdfReader  # noqa: PLC0415 (a heavy import that most repositories never need)

    deadline = time.monotonic() + _MAX_SECONDS
    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted and not reader.decrypt(""):
        raise _RefusedError("it is encrypted")
    for number, page in enumerate(reader.pages, start=1):
        if number > _MAX_PAGES:
            return
        if time.monotonic() > deadline:
            raise _RefusedError(f"its first {number - 1} pages took over {_MAX_SECONDS:.0f} s")
        yield f"# Page {number}\n{_clean(page.extract_text())}\n\n"


def _bounded(pages: Iterator[str]) -> Iterator[str]:
    room = _MAX_CHARACTERS
    for page in pages:
        yield page[:room]
        room -= len(page)
        if room <= 0:
            return


def _clean(text: str) -> str:
    """Text that can be stored, in which only our own lines look like headings."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    text = text.encode("utf-8", errors="replace").decode("utf-8")
    return "\n".join(f" {line}" if line.startswith("#") else line for line in text.split("\n"))


def _described(error: Exception) -> str:
    if isinstance(error, _RefusedError):
        return str(error)
    return f"pypdf can't read it: {type(error).__name__}: {str(error)[:160]}".rstrip(": ")
