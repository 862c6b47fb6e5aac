"""Change one setting in the user's file and keep everything else of it, comments included.

A small edit of lines, not a TOML writer: it replaces or inserts the one line of the key. The
result is parsed before it is written, and an edit whose result differs in anything but that key
(a value over several lines, a dotted key, an inline table) is refused rather than attempted.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec

from dustlocal.config import (
    Settings,
    convert,
    known_keys,
    parse_toml,
    read_toml,
    unknown_key,
)
from dustlocal.errors import ConfigError
from dustlocal.paths import write_private

_HEADER = re.compile(r"^\s*\[(?P<name>[^\[\]]+)\]\s*(#.*)?$")
_COMMENT = re.compile(r"""^(?:[^"'#]|"[^"]*"|'[^']*')*?(?P<comment>\s+#.*)$""")


def set_value(file: Path, key: str, value: str) -> object:
    """Set `key` (dotted) to `value` (TOML, or plain text for a string); what was understood.

    Errors: `ConfigError` for an unknown key, a value that doesn't fit, or a file that has to be
    edited by hand. Nothing is written then.
    """
    if key not in known_keys():
        raise unknown_key(key, str(file), known_keys())
    old = read_toml(file)
    understood = _understand(key, value, str(file))
    wanted = _with(old, key, understood)
    convert(wanted, Settings, str(file))
    text = file.read_text("utf-8") if file.exists() else ""
    edited = _edit(text, key, as_toml(understood)).encode("utf-8")
    try:
        same = parse_toml(edited, str(file)) == wanted
    except ConfigError:
        same = False
    if not same:
        raise ConfigError(
            f"{file}: `{key}` can't be changed without touching the rest of the file",
            hint=f"edit it by hand: {key} = {as_toml(understood)}",
        )
    write_private(file, edited)
    return understood


def _understand(key: str, value: str, file: str) -> object:
    """`value` read as TOML where that fits the setting, else as a plain string."""
    candidates: list[object] = []
    try:
        parsed = parse_toml(f"x = {value}".encode(), file)
        candidates += [parsed["x"]] if set(parsed) == {"x"} else []
    except (ConfigError, UnicodeEncodeError):
        pass  # not TOML: plain text then
    candidates += [value]
    problem: ConfigError | None = None
    for candidate in candidates:
        try:
            convert(_with({}, key, candidate), Settings, file)
        except ConfigError as error:
            problem = problem or error
        else:
            return candidate
    assert problem is not None
    raise problem


def _with(raw: dict[str, Any], key: str, value: object) -> dict[str, Any]:
    section, _, name = key.rpartition(".")
    if not section:
        return raw | {name: value}
    return raw | {section: raw.get(section, {}) | {name: value}}


def as_toml(value: object) -> str:
    """A setting's value as TOML: JSON's strings, numbers, booleans and arrays are TOML too."""
    return msgspec.json.encode(value).decode("utf-8")


def _edit(text: str, key: str, value: str) -> str:
    section, _, name = key.rpartition(".")
    lines = text.splitlines()
    start, end = _section_lines(lines, section)
    if start is None:
        gap = [""] if lines else []
        return "\n".join([*lines, *gap, f"[{section}]", f"{name} = {value}", ""])
    assignment = re.compile(rf"^\s*{re.escape(name)}\s*=(?P<rest>.*)$")
    for at in range(start, end):
        found = assignment.match(lines[at])
        if found:
            comment = _COMMENT.match(found["rest"])
            lines[at] = f"{name} = {value}{comment['comment'] if comment else ''}"
            break
    else:
        while end > start and not lines[end - 1].strip():
            end -= 1
        lines.insert(end, f"{name} = {value}")
    return "\n".join([*lines, ""])


def _section_lines(lines: list[str], section: str) -> tuple[int | None, int]:
    """The lines [start, end) in which the keys of `section` stand; (None, 0) without one."""
    start: int | None = 0 if not section else None
    for at, line in enumerate(lines):
        header = _HEADER.match(line)
        if not header and not line.lstrip().startswith("[["):
            continue
        if start is not None:
            return start, at
        if header and header["name"].strip() == section:
            start = at + 1
    return start, len(lines) if start is not None else 0
