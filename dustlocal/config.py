"""The settings: what they are, where each value comes from, and how one is changed.

TOML. The user's `config.toml` sets anything; a repository's `.dustlocal/config.toml` only what
concerns the indexing of that repository, and only once it is trusted (`dustlocal.trust`). An
unknown key, a value of the wrong kind and malformed TOML are errors that name file and key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from dustlocal.errors import ConfigError

REPOSITORY_FILE = ".dustlocal/config.toml"
"""Where a repository keeps settings for itself, relative to its root."""


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the settings file; every key of it is known and checked."""


class IndexSettings(Section, frozen=True):
    """What is indexed. The one section that a trusted repository may set for itself."""

    max_file_bytes: Annotated[int, msgspec.Meta(ge=1, le=1 << 30)] = 1_048_576
    """Larger files are skipped, and listed by `status --skipped`."""

    exclude: tuple[str, ...] = ()
    """Patterns in .gitignore syntax of what is never indexed, besides the ignore files."""

    commits: bool = True
    """Whether the history reachable from HEAD is indexed too, for "why" and "when"."""


class EmbeddingSettings(Section, frozen=True):
    """Vectors: search by meaning beside search by words."""

    model: str = "minilm"
    """`minilm`, `none` (search by words alone), the path of a GGUF embedding model (needs the
    extra `llama`), or `scripted` (hashed words, no model: for tests and demonstrations)."""

    threads: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1
    """Cores that making vectors may take, at the lowest priority."""

    pause_on_battery: bool = True
    """Whether to leave vectors for later while the machine runs on its battery."""


class DaemonSettings(Section, frozen=True):
    """The background process."""

    recheck_seconds: Annotated[int, msgspec.Meta(ge=10, le=86_400)] = 600
    """Seconds between comparisons of all sources with the disk, beside watching them."""

    worker_idle_seconds: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 60
    """Seconds after which the embedding process of a GGUF model that nobody needs is ended."""


class Settings(Section, frozen=True):
    """Everything that can be set."""

    network: Literal["off", "on"] = "off"
    """Whether anything beyond an explicit pull may leave this machine."""

    index: IndexSettings = IndexSettings()
    embedding: EmbeddingSettings = EmbeddingSettings()
    daemon: DaemonSettings = DaemonSettings()


class RepositorySettings(Section, frozen=True):
    """What a repository may set for itself."""

    index: IndexSettings = IndexSettings()


@dataclass(frozen=True, slots=True)
class Effective:
    """Settings, and the file that each dotted key which isn't a default comes from."""

    settings: Settings
    origins: Mapping[str, str]

    def rows(self) -> list[tuple[str, object, str]]:
        """(dotted key, value, origin) of every setting, in the order of their definition."""
        return [
            (key, value, self.origins.get(key, "default"))
            for key, value in _leaves(msgspec.to_builtins(self.settings))
        ]


SectionT = TypeVar("SectionT", bound=Section)


def load(file: Path) -> Effective:
    """The user's settings; all defaults when there is no file. Errors: `ConfigError`."""
    raw = read_toml(file)
    settings = convert(raw, Settings, str(file))
    return Effective(settings, {key: str(file) for key, _ in _leaves(raw)})


def merged_index(user: IndexSettings, content: bytes, file: str) -> IndexSettings:
    """The user's index settings under those in `content`, a trusted repository's `file`.

    What the user excludes stays excluded. Errors: `ConfigError`.
    """
    raw = parse_toml(content, file)
    theirs = convert(raw, RepositorySettings, file).index
    chosen = {name: getattr(theirs, name) for name in raw.get("index", {})}
    chosen["exclude"] = tuple(dict.fromkeys((*user.exclude, *theirs.exclude)))
    return msgspec.structs.replace(user, **chosen)


def read_toml(file: Path) -> dict[str, Any]:
    """The file's tables; empty when there is no file. Errors: `ConfigError`."""
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError(f"{file}: can't be read: {error.strerror}") from error
    return parse_toml(content, str(file))


def parse_toml(content: bytes, file: str) -> dict[str, Any]:
    """Tables of TOML text. Errors: `ConfigError` with the file, and the line where TOML ends."""
    import tomllib  # noqa: PLC0415 - 20 ms, only where there is a file to read

    try:
        return tomllib.loads(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{file}: line {line}: not UTF-8", hint="save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"{file}: not valid TOML: {error}", hint="correct that line, or remove the file"
        ) from error


def convert(raw: Mapping[str, Any], kind: type[SectionT], file: str) -> SectionT:
    """`raw` as settings. Errors: `ConfigError` naming file and key."""
    _reject_unknown(raw, kind, file, "")
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        problem, _, place = str(error).partition(" - at ")
        key = place.strip("`").removeprefix("$.") or "(top level)"
        raise ConfigError(f"{file}: `{key}`: {_lower_first(problem)}") from error


def known_keys(kind: type[Section] = Settings, prefix: str = "") -> list[str]:
    """Every dotted key that can be set."""
    keys = []
    for name, field in _fields(kind).items():
        section = _section_of(field)
        keys += known_keys(section, f"{prefix}{name}.") if section else [prefix + name]
    return keys


def unknown_key(key: str, file: str, keys: list[str]) -> ConfigError:
    """The error for a key that isn't one of `keys`, with the nearest one that is."""
    import difflib  # noqa: PLC0415 - only for the message

    near = difflib.get_close_matches(key, keys, n=1, cutoff=0.5)
    hint = f"did you mean `{near[0]}`?" if near else f"known keys: {', '.join(keys)}"
    return ConfigError(f"{file}: unknown key `{key}`", hint=hint)


def _reject_unknown(raw: Mapping[str, Any], kind: type[Section], file: str, prefix: str) -> None:
    fields = _fields(kind)
    for name, value in raw.items():
        if name not in fields:
            near = known_keys(kind, prefix) + [prefix + known for known in fields]
            raise unknown_key(prefix + name, file, sorted(set(near)))
        section = _section_of(fields[name])
        if section and isinstance(value, dict):
            _reject_unknown(value, section, file, f"{prefix}{name}.")


def _fields(kind: type[Section]) -> dict[str, Any]:
    return {field.name: field.type for field in msgspec.structs.fields(kind)}


def _section_of(field: object) -> type[Section] | None:
    return field if isinstance(field, type) and issubclass(field, Section) else None


def _leaves(raw: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in raw.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
