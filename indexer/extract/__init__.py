"""From a file's bytes to text whose line N is line N of the file, or a reason why there is none.

`rejected_by_name` is asked before a file is opened, `extract` once its bytes are read. Only a
PDF has lines of its own: its text begins every page with a line `# Page N`.
"""

from __future__ import annotations

from indexer.extract.generated import generated_marker
from indexer.extract.minified import minified_reason
from indexer.extract.names import rejected_by_name
from indexer.extract.notebook import notebook_text
from indexer.extract.page import html_text
from indexer.extract.portable import pdf_text
from indexer.extract.text import decode
from indexer.extract.verdict import Extracted, Rejected
from indexer.languages import Language
from indexer.model import SkipReason

__all__ = ["Extracted", "Rejected", "extract", "rejected_by_name"]


def extract(path: str, data: bytes, language: Language) -> Extracted | Rejected:
    """The text of a file, or why it has none worth indexing. Never raises on bad input.

    Text is decoded as UTF-8 (invalid bytes become U+FFFD), or by its UTF-16 or UTF-32 byte
    order mark. Line ends are kept as they are; only a line feed ends a line.
    """
    by_name = rejected_by_name(path)
    if by_name is not None:
        return by_name
    if language.name == "pdf":
        return pdf_text(data)
    decoded = decode(data)
    if isinstance(decoded, Rejected):
        return decoded
    marker = generated_marker(decoded, language)
    if marker is not None:
        return Rejected(SkipReason.GENERATED, marker)
    text = _projected(decoded, language)
    minified = minified_reason(text, language)
    return Rejected(SkipReason.MINIFIED, minified) if minified else Extracted(text)


def _projected(text: str, language: Language) -> str:
    if language.name == "html":
        return html_text(text)
    return notebook_text(text) if language.name == "ipynb" else text
