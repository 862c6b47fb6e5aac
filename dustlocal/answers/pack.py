"""The context of an answer: hits merged into readable blocks, best first, within a budget."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from indexer.model import Kind, Passage, SourceId

from .words import keys_of

# Code and English prose run at close to four characters a token with BPE and WordPiece alike.
_CHARACTERS_PER_TOKEN = 4
TOKEN_BUDGET = 12_000


@dataclass(frozen=True, slots=True)
class Part:
    """What is known of one merged passage: where it starts, its symbol, its strength."""

    start_line: int
    symbol: str
    strength: float


@dataclass(frozen=True, slots=True)
class Block:
    """Neighbouring passages of one file as one text, or one commit.

    `lines` are numbered from `start_line` (a commit's from 1). `parts` are the merged
    passages in order. `strength` is the best passage's score put on a scale where 1 is the best
    of this question; `cosine` the best known similarity to the question; `keys` are those of all
    its words, path and symbols included.
    """

    source: SourceId
    source_name: str
    path: str
    kind: Kind
    language: str
    start_line: int
    lines: tuple[str, ...]
    parts: tuple[Part, ...]
    strength: float
    cosine: float | None = None
    commit: str | None = None
    time: int = 0
    keys: frozenset[str] = frozenset()

    @property
    def end_line(self) -> int:
        """The last line, inclusive."""
        return self.start_line + len(self.lines) - 1

    def part_at(self, line: int) -> Part:
        """The merged passage that holds a line."""
        held = self.parts[0]
        for part in self.parts:
            if part.start_line > line:
                break
            held = part
        return held


def pack(passages: Sequence[Passage], *, tokens: int = TOKEN_BUDGET) -> tuple[Block, ...]:
    """Passages as blocks, best first, at most `tokens` (estimated) tokens in all.

    The same content seen through several sources is taken once. The best passage is always
    taken, however long it is.
    """
    chosen: list[Passage] = []
    seen: set[tuple[str, int, str | None]] = set()
    left = tokens * _CHARACTERS_PER_TOKEN
    for passage in sorted(passages, key=lambda passage: -passage.score):
        identity = (passage.blob or passage.path, passage.start_line, passage.commit)
        if identity in seen or (chosen and len(passage.text) > left):
            continue
        seen.add(identity)
        chosen.append(passage)
        left -= len(passage.text)
    top = max((passage.score for passage in chosen), default=0.0)
    runs = _runs(chosen)
    blocks = [_block(run, top) for run in runs]
    return tuple(sorted(blocks, key=lambda block: -block.strength))


def _runs(passages: Iterable[Passage]) -> list[list[Passage]]:
    """Groups of passages whose lines follow one another without a gap."""
    ordered = sorted(
        passages,
        key=lambda passage: (
            passage.source,
            passage.path,
            passage.commit or "",
            passage.start_line,
        ),
    )
    runs: list[list[Passage]] = []
    for passage in ordered:
        if runs and _continues(runs[-1][-1], passage):
            runs[-1].append(passage)
        else:
            runs.append([passage])
    return runs


def _continues(before: Passage, after: Passage) -> bool:
    return (
        before.commit is None
        and after.commit is None
        and (before.source, before.path, before.blob) == (after.source, after.path, after.blob)
        and before.end_line + 1 == after.start_line
    )


def _block(run: Sequence[Passage], top: float) -> Block:
    first = run[0]
    lines: list[str] = []
    for passage in run:
        lines += _lines(passage)
    scale = top if top > 0 else 1.0
    parts = tuple(Part(p.start_line, p.symbol, p.score / scale) for p in run)
    cosines = [passage.cosine for passage in run if passage.cosine is not None]
    return Block(
        source=first.source,
        source_name=first.source_name,
        path=first.path,
        kind=first.kind,
        language=first.language,
        start_line=1 if first.commit else first.start_line,
        lines=tuple(lines),
        parts=parts,
        strength=max(part.strength for part in parts),
        cosine=max(cosines, default=None),
        commit=first.commit,
        time=first.time,
        keys=frozenset(keys_of("\n".join((first.path, *(p.symbol for p in run), *lines)))),
    )


def _lines(passage: Passage) -> list[str]:
    """The passage's lines, exactly as many as it claims, so that line numbers can't drift."""
    lines = passage.text.split("\n")
    if passage.commit is not None:
        return lines
    claimed = passage.end_line - passage.start_line + 1
    return (lines + [""] * claimed)[:claimed]
