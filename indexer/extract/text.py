"""Bytes to text, without losing a file to a few bad bytes."""

from __future__ import annotations

import codecs
from typing import Final

from indexer.extract.verdict import Rejected
from indexer.model import SkipReason

# UTF-32's little-endian mark begins with UTF-16's, so it is tried first.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

# Control characters that text files do not hold: all but \b \t \n \v \f \r and ESC.
_CONTROLS: Final = bytes(c for c in range(32) if c not in b"\b\t\n\v\f\r\x1b")

# A tenth of them makes a file binary; a stray one does not (less's and file's rule of thumb).
_CONTROL_SHARE: Final = 0.1


def decode(data: bytes) -> str | Rejected:
    """The text of `data`, its byte order mark removed; `Rejected` as binary if it is none."""
    mark, encoding = _marked(data)
    if "32" in encoding or "16" in encoding:
        return _decode_wide(data[len(mark) :], encoding)
    if b"\0" in data:
        return Rejected(SkipReason.BINARY, "it holds NUL bytes")
    controls = len(data) - len(data.translate(None, _CONTROLS))
    if controls > _CONTROL_SHARE * len(data):
        return Rejected(SkipReason.BINARY, "it is mostly control characters")
    return data[len(mark) :].decode("utf-8", errors="replace")


def _marked(data: bytes) -> tuple[bytes, str]:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return mark, encoding
    return b"", "utf-8"


def _decode_wide(data: bytes, encoding: str) -> str | Rejected:
    text = data.decode(encoding, errors="replace")
    if "\0" in text:
        return Rejected(SkipReason.BINARY, "it holds NUL characters")
    return text
