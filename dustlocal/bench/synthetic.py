"""A made-up repository of any size: code and documents in several languages, always the same.

For measuring speed: parsing, words and sizes are like those of real code, meaning is not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dustlocal.bench.clones import make_repository
from dustlocal.bench.vocabulary import Words
from dustlocal.errors import UsageError

_FILES_PER_FOLDER: Final = 20
_STATEMENTS: Final = (4, 16)


@dataclass(frozen=True, slots=True)
class Grammar:
    """How a language says things. `{f}` is a name for a function, `{a}`, `{b}`, `{c}` are
    variables, `{T}` is a type, `{n}` a number, `{s}` a sentence."""

    suffix: str
    camel: bool
    header: str
    opening: str
    statements: tuple[str, ...]
    closing: str


_C_LIKE: Final = (
    "    // {s}\n",
    "    if ({a} > {n}) {{\n        {b} = {b} + {c};\n    }}\n",
    "    for (int {c} = 0; {c} < {n}; {c}++) {{\n        {a} += {b}({c}, {n});\n    }}\n",
    "    {a} = {f}({b}, {c});\n",
)
GRAMMARS: Final = (
    Grammar(
        "py",
        False,
        '"""{s}"""\n\nfrom __future__ import annotations\n\nimport {a}\nfrom {b} import {T}\n\n\n',
        'def {f}({a}: {T}, {b}: int = {n}) -> {T}:\n    """{s}\n\n    {s}\n    """\n',
        (
            "    # {s}\n",
            "    {a} = self.{f}({b}, {c}={n})\n",
            "    if {a} is None or {b} > {n}:\n        raise {T}(f'no {c} in {{{a}}}')\n",
            "    for {c} in {f}({a}):\n        {b}.append({c}.{f}())\n",
            "    {c} = {{key: value for key, value in {a}.items() if value != {n}}}\n",
        ),
        "    return {a}\n\n\n",
    ),
    Grammar(
        "ts",
        True,
        "import {{ {T} }} from './{a}';\nimport type {{ {b} }} from '../{b}';\n\n",
        "/** {s} */\nexport async function {f}({a}: {T}, {b}: number): Promise<{T}> {{\n",
        (
            "    // {s}\n",
            "    const {c} = await {a}.{f}({b}, {n});\n",
            "    if ({a} === undefined || {b} > {n}) {{\n        throw new {T}('{s}');\n    }}\n",
            "    {a}.filter(({c}) => {c}.{b} !== {n}).map(({c}) => {f}({c}));\n",
        ),
        "    return {a};\n}}\n\n",
    ),
    Grammar(
        "go",
        True,
        'package {a}\n\nimport (\n\t"context"\n\t"{b}/{c}"\n)\n\n',
        "// {f} does this: {s}\nfunc ({a} *{T}) {f}(ctx context.Context, {b} int) error {{\n",
        (
            "\t// {s}\n",
            "\t{c}, err := {a}.{f}(ctx, {b}, {n})\n\tif err != nil {{\n\t\treturn err\n\t}}\n",
            "\tfor _, {c} := range {a}.{b} {{\n\t\t{b} += {c}.{f}({n})\n\t}}\n",
            '\tif {b} > {n} {{\n\t\treturn fmt.Errorf("{s} %d", {b})\n\t}}\n',
        ),
        "\treturn nil\n}}\n\n",
    ),
    Grammar(
        "rs",
        False,
        "//! {s}\n\nuse crate::{a}::{T};\nuse std::collections::HashMap;\n\n",
        "/// {s}\npub fn {f}({a}: &{T}, {b}: usize) -> Result<usize, {T}Error> {{\n",
        (
            "    // {s}\n",
            "    let {c} = {a}.{f}({b}, {n})?;\n",
            '    if {b} > {n} {{\n        return Err({T}Error::new("{s}"));\n    }}\n',
            "    let {b} = {a}.iter().filter(|{c}| {c}.{f}() > {n}).count();\n",
        ),
        "    Ok({b})\n}}\n\n",
    ),
    Grammar(
        "java",
        True,
        "package org.{a}.{b};\n\nimport java.util.List;\n\n/** {s} */\n",
        "/** {s} */\nfinal class {T}{n} {{\n  {T} {f}({T} {a}, int {b}) {{\n    int {c} = 0;\n",
        (*_C_LIKE, '    if ({b} < {n}) {{\n        throw new {T}Exception("{s}");\n    }}\n'),
        "    return {a};\n  }}\n}}\n\n",
    ),
    Grammar(
        "c",
        False,
        '/* {s} */\n#include <stdlib.h>\n#include "{a}.h"\n\n',
        "/* {s} */\nstatic int {f}(struct {a} *{b}, size_t {c})\n{{\n",
        (*_C_LIKE, "    {b} = malloc({n} * sizeof(*{b}));\n    if (!{b})\n        goto {c};\n"),
        "    return {n};\n}}\n\n",
    ),
    Grammar(
        "md",
        False,
        "# {s}\n\n{s} {s}\n\n",
        "## How to {f}\n\n{s} {s}\n\n",
        ("- {s}\n", "{s} {s} {s}\n\n", "Call `{f}({a}, {n})`: {s}\n\n", "- `{a}`: {s}\n"),
        "\n",
    ),
)


def parse_size(text: str) -> tuple[int, float]:
    """`FILES:MB` as numbers. Errors: `UsageError`."""
    match = re.fullmatch(r"(\d{1,6}):(\d{1,5}(?:\.\d+)?)", text)
    if not match or not int(match[1]) or not float(match[2]):
        raise UsageError(
            f"--synthetic {text}: not FILES:MB", hint="for example --synthetic 5000:60"
        )
    return int(match[1]), float(match[2])


def write_repository(folder: Path, files: int, megabytes: float, seed: str = "code") -> int:
    """Write `files` files of that size together (10^6 bytes) below `folder`; the bytes written.

    `folder` becomes a git repository without commits.
    """
    size = round(megabytes * 1_000_000 / files)
    written = 0
    for path, text in sources(files, size, seed):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        written += target.write_bytes(text.encode())
    make_repository(folder)
    return written


def sources(files: int, size: int, seed: str = "code") -> Iterator[tuple[str, str]]:
    """Path and text of `files` files of about `size` characters each."""
    for number in range(files):
        grammar = GRAMMARS[number % len(GRAMMARS)]
        folder = Words.for_topic(f"{seed}/{number // _FILES_PER_FOLDER}", nouns=2).nouns
        words = Words.for_topic(f"{seed}/file/{number}")
        name = f"{words.verb()}_{words.nouns[0]}_{number}.{grammar.suffix}"
        yield f"src/{folder[0]}/{folder[1]}/{name}", text_of(grammar, words, size)


def text_of(grammar: Grammar, words: Words, size: int) -> str:
    """A file's text: definition after definition, to about `size` characters."""
    parts = [_fill(grammar.header, grammar, words)]
    length = len(parts[0])
    while length + len(parts[-1]) / 2 < size:
        parts.append(_definition(grammar, words))
        length += len(parts[-1])
    return "".join(parts)


def _definition(grammar: Grammar, words: Words) -> str:
    count = words.rng.randint(*_STATEMENTS)
    body = words.rng.choices(grammar.statements, k=count)
    return "".join(
        _fill(part, grammar, words) for part in (grammar.opening, *body, grammar.closing)
    )


class _Filling(dict[str, object]):
    """The words of one template; every `{s}` is another sentence."""

    __slots__ = ("_words",)

    def __init__(self, words: Words, **chosen: object) -> None:
        super().__init__(chosen)
        self._words = words

    def __missing__(self, _key: str) -> str:
        return self._words.sentence()


def _fill(template: str, grammar: Grammar, words: Words) -> str:
    name: Callable[[str], str] = _camel if grammar.camel else str
    filling = _Filling(
        words,
        f=name(f"{words.verb()}_{words.noun()}_{words.noun()}"),
        a=words.noun(),
        b=words.noun(),
        c=name(f"{words.quality()}_{words.noun()}"),
        T=words.noun().capitalize() + words.noun().capitalize(),
        n=words.rng.randint(2, 4096),
    )
    return template.format_map(filling)


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))
