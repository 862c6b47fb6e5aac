"""What sort of text a path announces: it decides how much a mere name may say."""

from __future__ import annotations

from enum import Enum, auto


class Surroundings(Enum):
    """How values are written in a file, and how likely a short one is a real password."""

    CODE = auto()  # values are quoted, a bare word is an identifier
    PROSE = auto()  # documentation, logs, messages, questions: anything may stand anywhere
    CONFIG = auto()  # values may be bare, a human password is to be expected
    ENVIRONMENT = auto()  # NAME=value lines
    LOCK = auto()  # names of packages and hashes; assignments mean nothing


_PROSE = frozenset("md markdown mdx rst txt text adoc log html htm org tex diff patch eml".split())
_CONFIG = frozenset(
    "json jsonc json5 yaml yml toml ini cfg conf config cnf properties xml plist tf tfvars hcl "
    "sh bash zsh fish ps1 psm1 bat cmd env settings service netrc npmrc pypirc pgpass ovpn "
    "dockerfile containerfile envrc reg secret secrets credentials kubeconfig tfstate".split()
)
_CONFIG_NAMES = frozenset(
    "dockerfile containerfile makefile justfile procfile vagrantfile jenkinsfile config "
    "credentials netrc _netrc my.cnf secrets pip.conf".split()
)
_LOCK_NAMES = frozenset(
    "package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock deno.lock go.sum "
    "go.work.sum cargo.lock poetry.lock uv.lock pdm.lock pipfile.lock pixi.lock gemfile.lock "
    "composer.lock mix.lock pubspec.lock podfile.lock packages.lock.json flake.lock "
    "gradle.lockfile package.resolved verification-metadata.xml modules.txt conda-lock.yml "
    ".terraform.lock.hcl".split()
)


def surroundings_of(path: str) -> Surroundings:
    """The surroundings that a path's last name announces; prose for "" (a question, a message)."""
    name = path.rsplit("/", 1)[-1].lower()
    ending = name.rsplit(".", 1)[-1]
    if name in _LOCK_NAMES:
        return Surroundings.LOCK
    if name.startswith(".env") or ending in {"env", "envrc"}:
        return Surroundings.ENVIRONMENT
    if not name or ending in _PROSE or name in {"readme", "changelog", "todo", "notes"}:
        return Surroundings.PROSE
    if ending in _CONFIG or name in _CONFIG_NAMES or name.startswith(("dockerfile", ".")):
        return Surroundings.CONFIG
    return Surroundings.CODE
