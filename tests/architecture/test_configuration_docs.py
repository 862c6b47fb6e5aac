"""docs/configuration.md is written from the settings themselves: `make docs` writes it again."""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from collections.abc import Iterator
from pathlib import Path

import msgspec

from dustlocal.config import RepositorySettings, Section, Settings, known_keys

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "configuration.md"

HEAD = """\
# Configuration

<!-- Written from the docstrings in dustlocal/config.py by `make docs`; a test compares. -->

Settings are TOML. Yours are in `config.toml` in the folder that `dustlocal config path` prints;
`dustlocal config set KEY VALUE` changes one and keeps your comments, `dustlocal config show` prints
each value and where it comes from. Nothing has to be set.

A repository may carry settings for its own indexing in `.dustlocal/config.toml` (only the keys
marked with *). They do nothing until you say `dustlocal trust`, and nothing again once the file
changes. An unknown key or a value of the wrong kind is an error that names file and key.
"""

TAIL = """
## Environment

| variable | what it does |
|---|---|
| `DUSTLOCAL_HOME` | all folders (configuration, data, cache, runtime, logs) lie under this one |
| `DUSTLOCAL_MODELS` | a folder of models that is looked in before the data folder |
"""


def docstrings(section: type[Section]) -> dict[str, str]:
    """The string that stands below each field of `section`: Python itself does not keep it."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(section))).body
    assert isinstance(definition, ast.ClassDef)
    found = {}
    for field, text in zip(definition.body, definition.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr):
            assert isinstance(field.target, ast.Name)
            assert isinstance(text.value, ast.Constant)
            found[field.target.id] = " ".join(str(text.value.value).split())
    return found


def render() -> str:
    return HEAD + "".join(f"\n{line}" for line in _sections(Settings, "")) + TAIL


def _sections(section: type[Section], prefix: str) -> Iterator[str]:
    title = f"`[{prefix.rstrip('.')}]`" if prefix else "Top level"
    yield f"## {title}\n"
    if prefix:
        assert section.__doc__ is not None
        yield f"{' '.join(section.__doc__.split())}\n"
    yield "| key | default | values | what it does |\n|---|---|---|---|"
    texts = docstrings(section)
    inner = []
    for field in msgspec.structs.fields(section):
        if isinstance(field.type, type) and issubclass(field.type, Section):
            inner.append((field.type, f"{prefix}{field.name}."))
            continue
        mark = "*" if prefix + field.name in known_keys(RepositorySettings) else ""
        default = json.dumps(field.default)
        values = _values(msgspec.inspect.type_info(field.type))
        yield f"| `{prefix}{field.name}`{mark} | `{default}` | {values} | {texts[field.name]} |"
    yield ""
    for kind, name in inner:
        yield from _sections(kind, name)


def _values(kind: msgspec.inspect.Type) -> str:
    """What may be set, in words."""
    match kind:
        case msgspec.inspect.BoolType():
            return "`true` or `false`"
        case msgspec.inspect.IntType(ge=lowest, le=highest):
            return f"{lowest:,} to {highest:,}"
        case msgspec.inspect.LiteralType(values=values):
            return " or ".join(f'`"{value}"`' for value in reversed(values))
        case msgspec.inspect.VarTupleType():
            return "a list of strings"
        case msgspec.inspect.StrType():
            return "a string"
    raise AssertionError(f"no words yet for {kind}")


def test_the_document_is_what_the_settings_say() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == render(), "run: make docs"


def test_every_key_is_in_the_document() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    missing = [key for key in known_keys() if f"`{key}`" not in text]
    assert not missing


if __name__ == "__main__":
    print(render(), end="")
