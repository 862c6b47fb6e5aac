"""From a file's bytes to what the store holds of it. Pure: no disk, no database, no clock.

The order matters: text is extracted, then redacted as a whole, then chunked, so that no secret
that spans chunks slips through and chunks tile the redacted text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from indexer.chunk import chunk_text
from indexer.extract import Rejected, extract
from indexer.identity import blob_of, vector_key
from indexer.languages import language_of
from indexer.lexical import body_words, path_words, symbol_words
from indexer.model import Chunk, Commit, Kind
from indexer.redact import redact

# What of a commit's touched paths is stored and searched; a mass rename names thousands.
MAX_COMMIT_PATHS: Final = 200


@dataclass(frozen=True, slots=True)
class PreparedChunk:
    """A chunk, where its text lies in the document, its vector's key and its lexical text."""

    chunk: Chunk
    start_char: int
    end_char: int
    key: int
    symbol_words: str
    body_words: str


@dataclass(frozen=True, slots=True)
class PreparedCommit:
    """All that is stored of a commit."""

    sha: str
    time: int
    text: str
    subject_words: str
    body_words: str
    path_words: str


@dataclass(frozen=True, slots=True)
class PreparedDocument:
    """All that is stored of one content at one path; `blob` is the SHA-256 of the raw bytes."""

    path: str
    blob: bytes
    kind: Kind
    language: str
    text: str
    path_words: str
    chunks: tuple[PreparedChunk, ...]


def prepare(path: str, data: bytes) -> PreparedDocument | Rejected:
    """Extract, redact and chunk one file; `Rejected` says why it is not indexed after all."""
    first_line = data[:200].split(b"\n", 1)[0].decode("utf-8", "replace")
    language = language_of(path, first_line)
    extracted = extract(path, data, language)
    if isinstance(extracted, Rejected):
        # A parser's complaint can quote what it could not parse.
        return Rejected(extracted.reason, _redacted(extracted.detail))
    text = redact(_encodable(extracted.text), path)
    return PreparedDocument(
        path=path,
        blob=blob_of(data),
        kind=language.kind,
        language=language.name,
        text=text,
        path_words=path_words(path),
        chunks=tuple(_prepared_chunks(path, chunk_text(text, language))),
    )


def _encodable(text: str) -> str:
    """Lone surrogates (JSON escapes of a notebook can make them) replaced one for one."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _prepared_chunks(path: str, chunks: list[Chunk]) -> list[PreparedChunk]:
    prepared = []
    start = 0
    for chunk in chunks:
        end = start + len(chunk.text)
        prepared.append(
            PreparedChunk(
                chunk=chunk,
                start_char=start,
                end_char=end,
                key=vector_key(path, chunk.symbol, chunk.text),
                symbol_words=symbol_words(chunk.symbol, chunk.defines),
                body_words=body_words(chunk.text),
            )
        )
        start = end
    return prepared


def prepare_commit(commit: Commit) -> PreparedCommit:
    """A commit as a document: subject, author, body, touched paths; redacted."""
    subject, body = (_redacted(part) for part in (commit.subject, commit.body.strip()))
    paths = [_redacted(path) for path in commit.paths[:MAX_COMMIT_PATHS]]
    lines = [subject, f"Author: {_redacted(commit.author)}"]
    lines += ["", body] if body else []
    lines += ["", *paths] if paths else []
    if len(commit.paths) > MAX_COMMIT_PATHS:
        lines.append(f"… and {len(commit.paths) - MAX_COMMIT_PATHS} more")
    return PreparedCommit(
        sha=commit.sha,
        time=commit.time,
        text="\n".join(lines),
        subject_words=body_words(subject),
        body_words=body_words(body),
        path_words=body_words(" ".join(paths).replace("/", " ")),
    )


def _redacted(text: str) -> str:
    return redact(_encodable(text))
