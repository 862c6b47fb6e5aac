"""Source code: definitions and places to cut, from its syntax tree.

One walker for every language. What counts as a definition is a row of `definitions.toml`; where
to cut needs no table: whatever begins its own line, at the depth at which the tree has it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from indexer.chunk.grammars import Grammar, load_grammar
from indexer.chunk.structure import Definition, Structure, plain_levels
from indexer.chunk.syntax import parse
from indexer.chunk.weigh import TARGET_TOKENS

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

# Deeper nesting than this is data or an attack; it is cut by lines.
_MAX_DEPTH: Final = 100
_MAX_NAME: Final = 200
_MAX_PARTS: Final = 12
_TYPE_KINDS: Final = frozenset(["class", "struct", "interface", "trait", "enum", "impl", "type"])
_ROLES: Final = frozenset(["name", "scope", "end"])
_CONTAINERS: Final = ("block", "body", "statements", "declarations", "suite", "_list")

_TYPE_ARGUMENTS: Final = re.compile(r"(?<!operator)<.*>|\[.*\]", re.DOTALL)
_SEPARATOR: Final = re.compile(r"::|[.:#\\]")
_AROUND: Final = " \t\r\n*&\"'`$()"


def code_structure(
    source: bytes, lines: list[str], tokens: list[float], grammar_name: str
) -> Structure | None:
    """The structure of UTF-8 `source`, None if it can't be parsed.

    `lines` are its lines, `tokens` the running totals of `line_tokens`.
    """
    grammar = load_grammar(grammar_name)
    tree = parse(source, grammar)
    if tree is None:
        return None
    found = _Reader(source, grammar).found(tree)
    extents = {(one.start_byte, one.end_byte) for one in found}
    levels = plain_levels(lines)
    leads = _Marker(lines, tokens, grammar, extents).mark(tree.root_node, levels)
    return Structure(levels, _walls(found, levels, leads), _definitions(found))


@dataclass(frozen=True, slots=True)
class _Found:
    """A match of the query. Rows are from 0 and inclusive; `parts` is the dotted name."""

    start: int
    end: int
    start_byte: int
    end_byte: int
    name_row: int
    parts: tuple[str, ...]
    kind: str


@dataclass(frozen=True, slots=True)
class _Marker:
    """Finds the lines on which something begins, in as little of the tree as will do."""

    lines: list[str]
    tokens: list[float]
    grammar: Grammar
    extents: set[tuple[int, int]]

    def mark(self, root: Node, levels: list[int]) -> dict[int, int]:
        """Lower `levels` where a node begins a line, or where the comments right above it do.

        Returns the nodes with such comments: the node's line -> the line of its comments.
        """
        leads: dict[int, int] = {}
        pending = [(root, 0)]
        while pending:
            node, depth = pending.pop()
            lead, lead_end = -1, -2
            for child in node.children:
                if not child.is_named:
                    continue
                row, column = child.start_point
                if row == len(self.lines):
                    continue  # What a parser misses at the end stands below the last line.
                last = _last_row(child)
                if last > row and depth < _MAX_DEPTH and self._is_big(row, last):
                    pending.append((child, depth + 1))
                if not self._begins(child, row, column):
                    continue
                if row > lead_end + 1:
                    lead = row
                elif row > lead:
                    leads[row] = lead
                levels[lead] = min(levels[lead], depth)
                lead_end = self._reach(child, row, last)
        return leads

    def _is_big(self, first: int, last: int) -> bool:
        """Whether rows `first` to `last` may be cut; what is smaller is not looked into."""
        return self.tokens[last + 1] - self.tokens[first] > TARGET_TOKENS

    def _begins(self, node: Node, row: int, column: int) -> bool:
        """Whether a node is the first on its line, and more than the braces around others."""
        if column and self.lines[row][:column].strip():
            return False
        if not node.type.endswith(_CONTAINERS):
            return True
        return (node.start_byte, node.end_byte) in self.extents

    def _reach(self, node: Node, first: int, last: int) -> int:
        """The row up to which a comment or an attribute reaches down; -2 for anything else.

        A documentation comment may have a blank line below it, no other comment may.
        """
        kind = node.type
        if "comment" in kind:
            return last + self.lines[first].lstrip().startswith("/**")
        return last if kind in self.grammar.attached else -2


def _last_row(node: Node) -> int:
    """The row of a node's last character: some nodes end after their line feed."""
    row, column = node.end_point
    return row - 1 if column == 0 and row > node.start_point[0] else row


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads what the grammar's query matches."""

    source: bytes
    grammar: Grammar

    def found(self, tree: Tree) -> list[_Found]:
        """The definitions of a tree in order, an outer one before its inner ones."""
        from tree_sitter import QueryCursor  # noqa: PLC0415 (loaded with the first code)

        named: dict[int, tuple[int, _Found]] = {}
        for pattern, captures in QueryCursor(self.grammar.query).matches(tree.root_node):
            name_byte = captures["name"][0].start_byte
            known = named.get(name_byte)
            if known is not None and known[0] <= pattern:
                continue
            found = self._read(captures)
            if found is not None:
                named[name_byte] = (pattern, found)
        every = [found for _, found in named.values()]
        return sorted(every, key=lambda found: (found.start_byte, -found.end_byte))

    def _read(self, captures: dict[str, list[Node]]) -> _Found | None:
        name = _innermost_declarator(captures["name"][0])
        parts = self._parts(name)
        if not parts:
            return None
        if "scope" in captures:
            parts = self._parts(captures["scope"][0]) + parts
        kind = next(k for k in captures if k not in _ROLES and k[0] != "_")
        extent = captures[kind][0]
        end = captures["end"][0] if "end" in captures else extent
        return _Found(
            start=extent.start_point[0],
            end=_last_row(end),
            start_byte=extent.start_byte,
            end_byte=end.end_byte,
            name_row=name.start_point[0],
            parts=parts,
            kind=kind,
        )

    def _parts(self, node: Node) -> tuple[str, ...]:
        """The parts of a name: `Client<T>::close` is `Client`, `close`. () for no usable name."""
        raw = self.source[node.start_byte : node.end_byte]
        if len(raw) > _MAX_NAME:
            return ()
        text = raw.decode("utf-8", errors="replace")
        if text.isidentifier():
            return () if text in self.grammar.dropped or text == "_" else (text,)
        text = _TYPE_ARGUMENTS.sub("", text)
        parts = (part.strip(_AROUND) for part in _SEPARATOR.split(text))
        return tuple(part for part in parts if part and part not in self.grammar.dropped)


def _innermost_declarator(node: Node) -> Node:
    """C wraps a name in its declarators: `(*client_open(…))[3]` is called `client_open`."""
    for _ in range(_MAX_DEPTH):
        if not node.type.endswith("declarator"):
            break
        inner = node.child_by_field_name("declarator")
        if inner is None and node.named_child_count:
            inner = node.named_child(node.named_child_count - 1)
        if inner is None:
            break
        node = inner
    return node


def _walls(found: list[_Found], levels: list[int], leads: dict[int, int]) -> frozenset[int]:
    """The lines on which definitions begin, and the next lines on which anything does."""
    marked = [row for row, level in enumerate(levels) if level <= _MAX_DEPTH]
    walls = set()
    for one in found:
        if one.kind == "constant":
            continue
        walls.add(leads.get(one.start, one.start))
        walls.update(marked[(after := bisect_right(marked, one.end)) : after + 1])
    return frozenset(walls.intersection(marked))


def _definitions(found: list[_Found]) -> list[Definition]:
    definitions = []
    around: list[tuple[int, tuple[str, ...], str]] = []
    for one in found:
        while around and around[-1][0] < one.end_byte:
            around.pop()
        outer_path, outer_kind = (around[-1][1], around[-1][2]) if around else ((), "")
        path = (outer_path + one.parts)[-_MAX_PARTS:]
        kind = "method" if one.kind == "function" and outer_kind in _TYPE_KINDS else one.kind
        around.append((one.end_byte, path, kind))
        definitions.append(
            Definition(path[-1], ".".join(path), one.start + 1, one.end + 1, kind, one.name_row + 1)
        )
    return definitions
