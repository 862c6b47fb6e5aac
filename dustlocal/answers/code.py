"""Code cut into remarks, definitions, assignments and statements, for any language.

Only what languages share is used: brackets that balance, comment marks, definition keywords. The
index has already parsed the file; here it only matters that a quoted piece starts and ends well.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from .prose import Numbered, Piece, dedented, document_pieces, sentences

_MOST_SIGNATURE_LINES = 12
_MOST_STATEMENT_LINES = 8
_LONGEST_LINE = 400

_HASH_LANGUAGES = """
python ruby bash shell elixir yaml toml perl r make makefile dockerfile ini cmake julia nix
powershell graphql
"""
_HASH_COMMENTS = frozenset(_HASH_LANGUAGES.split())
_DASH_COMMENTS = frozenset({"lua", "haskell", "sql", "elm", "ada"})
# A line that starts with a lone star goes on with a comment that an earlier block opened.
_SLASHES = re.compile(r"^\s*(?://|/\*|\*(?:\s|/|$))")
_HASH = re.compile(r"^\s*#(?!!)")
# No language's code has a hash and a space, so unknown ones are covered (`#include` is code).
_SPACED_HASH = re.compile(r"^\s*#+\s")
_DASHES = re.compile(r"^\s*--")
_DOCSTRING = re.compile(r"^\s*(?:@\w*doc\s+)?[rRuU]?(\"\"\"|''')")

_MODIFIERS = (
    r"(?:(?:export|default|declare|public|private|protected|internal|static|final|abstract|async|"
    r"pub(?:\([^)]*\))?|unsafe|extern(?:\s*\"\w+\")?|const|override|virtual|inline|sealed|partial|"
    r"open|data|suspend|local|case|readonly|new|operator|implicit|lazy|mutating|constexpr)\s+)*"
)
_KEYWORD_DEFINITION = re.compile(
    rf"^\s*{_MODIFIERS}(?:def|defp|class|func|fn|fun|function\*?|interface|struct|enum|trait|impl|"
    r"type|module|object|protocol|extension|union|namespace|macro_rules!|defmodule|defmacro|record|"
    r"typedef|#define)\b(?!\s*[=:(.,)])"
)
_FUNCTION_VALUE = re.compile(
    r"^\s*(?:export\s+)?(?:const|let|var|val)?\s*[\w.$\"'\[\]]+\s*[:=]\s*(?:async\s+)?"
    r"(?:function\b|\([^()]*\)\s*(?::\s*\S+\s*)?=>|\w+\s*=>|lambda\b)"
)
_TYPED_DEFINITION = re.compile(
    r"^\s*(?:[\w<>\[\],.*&:~?@$]+\s+)*[\w:~$]+\s*\([^;={}]*\)?[^;={}]*\{\s*$"
)
_CONTROL = re.compile(
    r"^\s*[})\]]*\s*(?:if|else|elif|elsif|for|foreach|while|until|switch|match|case|when|catch|try|"
    r"do|with|return|yield|throw|raise|await|using|lock|loop|select|go|defer|not|and|or|in|unless|"
    r"assert|except|finally|print|echo|del|delete|new)\b"
)
_ASSIGNMENT = re.compile(
    r"^\s*(?:export\s+)?(?:(?:const|let|var|val|static|final|public|private|readonly|mut|set)\s+)*"
    r"[\w.$\[\]\"'-]+(?:\s*:\s*[^=]{1,80}?)?\s*(?:=|:=|\?=)(?![=>~])"
)
_KEY_VALUE = re.compile(r"^\s*-?\s*[\"']?[\w./-]+[\"']?\s*[:=]\s*\S")
_QUOTED_KEY = re.compile(r"^\s*(?:\"[^\"]+\"|'[^']+')\s*(?::|=>)\s*\S")
_CONFIGURATION = frozenset(
    {"yaml", "toml", "json", "ini", "properties", "hcl", "nix", "dockerfile", "makefile", "env"}
)
_IMPORT = re.compile(
    r"^\s*(?:import|from\s+\S+\s+import|use|using|#include|require|package|@import)\b"
    r"|^\s*(?:const|var|let)\s+[\w{},\s]+=\s*require\("
)
_GROUP = re.compile(r"^\s*(?:const|var|type)\s*\(\s*$")
_STRINGS = re.compile(r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`[^`\n]*`")
_ALNUM = re.compile(r"\w")


class _CodeReader:
    """Walks a block's lines once and collects its pieces."""

    def __init__(self, lines: Sequence[str], first: int, language: str) -> None:
        self.lines = lines
        self.first = first
        self.language = language.lower()
        self.at = 0
        self.pieces: list[Piece] = []

    def read(self) -> list[Piece]:
        self._tail_of_docstring()
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if not line.strip() or len(line) > _LONGEST_LINE:
                self.at += 1
            elif match := _DOCSTRING.match(line):
                self._docstring(match.group(1))
            elif self._is_comment(line):
                self._comments()
            elif _GROUP.match(line):
                self.at += 1
            elif _IMPORT.match(line):
                self.at = self._balanced_end(self.at, _MOST_SIGNATURE_LINES)
            else:
                self._statement(line)
        return self.pieces

    def _tail_of_docstring(self) -> None:
        """A block can start inside a docstring that an earlier block opened."""
        marks = [at for at, line in enumerate(self.lines) if '"""' in line]
        count = sum(self.lines[at].count('"""') for at in marks)
        if count % 2 and self.lines[marks[0]].strip() == '"""':
            above = self.lines[marks[0] - 1].rstrip() if marks[0] else ""
            if not above.endswith((":", "(", "=")):
                self._documentation(0, marks[0])
                self.at = marks[0] + 1

    def _is_comment(self, line: str) -> bool:
        if self.language in _HASH_COMMENTS:
            return bool(_HASH.match(line))
        if self.language in _DASH_COMMENTS:
            return bool(_DASHES.match(line))
        return bool(_SLASHES.match(line) or _SPACED_HASH.match(line))

    def _docstring(self, quotes: str) -> None:
        start = self.at
        opening = self.lines[start].split(quotes, 1)[1]
        end = start
        if quotes not in opening:
            end += 1
            while end < len(self.lines) and quotes not in self.lines[end]:
                end += 1
        self._documentation(start, min(end + 1, len(self.lines)))
        self.at = end + 1

    def _documentation(self, start: int, end: int) -> None:
        """A docstring is a small document: it has its own listings and entries."""
        indent = min(
            (len(line) - len(line.lstrip()) for line in self.lines[start:end] if line.strip()),
            default=0,
        )
        body = [line[indent:] for line in self.lines[start:end]]
        for piece in document_pieces(body, self.first + start):
            shape = "remark" if piece.shape == "sentence" else piece.shape
            self.pieces.append(replace(piece, shape=shape, heading=""))

    def _comments(self) -> None:
        start = self.at
        while self.at < len(self.lines) and self._is_comment(self.lines[self.at]):
            line = self.lines[self.at]
            if line.lstrip().startswith("/*"):
                while self.at < len(self.lines) and "*/" not in self.lines[self.at]:
                    self.at += 1
            self.at += 1
        self._remark(start, min(self.at, len(self.lines)))

    def _remark(self, start: int, end: int) -> None:
        paragraph: list[Numbered] = []
        for at in range(start, end):
            line = self.lines[at].lstrip("/*#- \t!")
            if line.strip() and len(line) <= _LONGEST_LINE:
                paragraph.append((self.first + at, self.lines[at]))
                continue
            self.pieces += sentences(paragraph, "remark")
            paragraph = []
        self.pieces += sentences(paragraph, "remark")

    def _statement(self, line: str) -> None:
        shape = self._shape(line)
        most = _MOST_SIGNATURE_LINES if shape == "definition" else _MOST_STATEMENT_LINES
        own_end = end = self._balanced_end(self.at, most)
        if shape == "statement" and _opens_block(self.lines[end - 1]) and end < len(self.lines):
            # A condition without what follows from it answers nothing.
            end = self._balanced_end(end, 3)
        text = dedented(self.lines[self.at : end])
        if len(_ALNUM.findall(text)) >= 4:
            self.pieces.append(Piece(shape, self.first + self.at, self.first + end - 1, text))
        self.at = own_end

    def _shape(self, line: str) -> str:
        if _KEYWORD_DEFINITION.match(line) or _FUNCTION_VALUE.match(line):
            return "definition"
        if _CONTROL.match(line):
            return "statement"
        if _ASSIGNMENT.match(line) or _QUOTED_KEY.match(line):
            return "assignment"
        if self.language in _CONFIGURATION and _KEY_VALUE.match(line):
            return "assignment"
        return "definition" if _TYPED_DEFINITION.match(line) else "statement"

    def _balanced_end(self, start: int, most: int) -> int:
        """The line after the one where the brackets opened from `start` on are closed again.

        A `{` that ends a line opens a body, not an expression.
        """
        depth = 0
        for at in range(start, min(start + most, len(self.lines))):
            code = _STRINGS.sub("", self.lines[at]).rstrip()
            if code.endswith("{"):
                code = code[:-1]
            depth += sum(code.count(mark) for mark in "([{") - sum(
                code.count(mark) for mark in ")]}"
            )
            if depth <= 0:
                return at + 1
        return start + 1


def _opens_block(line: str) -> bool:
    return line.rstrip().endswith((":", "{", "then", " do"))


def code_pieces(lines: Sequence[str], first: int, language: str) -> list[Piece]:
    """The remarks, definitions, assignments and statements of a block of code."""
    return _CodeReader(lines, first, language).read()
