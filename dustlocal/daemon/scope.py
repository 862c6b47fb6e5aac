"""Which sources a request means: pure but for looking at folders on the disk.

The rules are the product's: the nearest root above the place where the user stands; a path inside
a source means that subtree; outside any repository every known source, and nothing is added.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from dustlocal.api import Scope
from dustlocal.errors import ScopeError
from indexer.checkout import find_checkout
from indexer.model import Source, SourceId
from indexer.sources import is_addable_implicitly


@dataclass(frozen=True, slots=True)
class Resolved:
    """The sources that are meant, a subtree for some of them, and the roots to add first."""

    sources: tuple[Source, ...] = ()
    prefix: dict[SourceId, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()

    @property
    def ids(self) -> tuple[SourceId, ...]:
        """The ids of `sources`."""
        return tuple(source.id for source in self.sources)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of `sources`."""
        return tuple(source.name for source in self.sources)


def resolve(scope: Scope, known: Sequence[Source]) -> Resolved:
    """What `scope` means, given the known sources.

    With `scope.add`, roots that are meant and not known are in `unknown`: add them and resolve
    again. Errors: `ScopeError` when nothing is meant; `BareRepository` and `SourceError` for a
    place inside a bare repository or a `.git` folder.
    """
    if scope.everywhere:
        return Resolved(_some(known))
    if scope.sources:
        return _merge([_named(item, scope, known) for item in scope.sources])
    return _around(_absolute(scope.path), scope, known)


def _some(known: Sequence[Source]) -> tuple[Source, ...]:
    if not known:
        raise ScopeError(
            "no source is known yet", hint="add one: dustlocal add PATH, or go into a repository"
        )
    return tuple(known)


def _merge(parts: Sequence[Resolved]) -> Resolved:
    """All parts together; a source that is meant whole and in part is meant whole."""
    sources = {source.id: source for part in parts for source in part.sources}
    whole = {source for part in parts for source in part.ids if source not in part.prefix}
    prefix: dict[SourceId, str] = {}
    for part in parts:
        for source, below in part.prefix.items():
            if prefix.setdefault(source, below) != below:
                raise ScopeError(
                    f"two subtrees of the source {sources[source].name} in one request",
                    hint="search the whole source with --path GLOB, or one subtree at a time",
                )
    unknown = dict.fromkeys(root for part in parts for root in part.unknown)
    kept = {source: below for source, below in prefix.items() if source not in whole}
    return Resolved(tuple(sources.values()), kept, tuple(unknown))


def _named(item: str, scope: Scope, known: Sequence[Source]) -> Resolved:
    """A source by name or id, else a path (relative to where the user stands)."""
    for source in known:
        if item in (source.name, source.id):
            return Resolved((source,))
    path = os.path.join(scope.path or "/", item)
    if not item.startswith("/") and not os.path.exists(path):
        names = ", ".join(source.name for source in known) or "none"
        raise ScopeError(f"no source is called {item}", hint=f"known sources: {names}")
    inside = Scope(path=path, subtree=True, add=scope.add)
    return _around(_absolute(path), inside, known, must_be_inside=True)


def _around(
    path: str, scope: Scope, known: Sequence[Source], *, must_be_inside: bool = False
) -> Resolved:
    folder = path if os.path.isdir(path) else os.path.dirname(path)
    checkout = find_checkout(folder)
    source = _nearest(path, known)
    if checkout and not (source and len(source.root) >= len(checkout.root)):
        return _unknown_repository(checkout.root, source, scope, known)
    if source is None:
        if must_be_inside:
            raise _no_source(path)
        return Resolved(_some(known))
    below = os.path.relpath(path, source.root)
    if scope.subtree and below != ".":
        return Resolved((source,), {source.id: below})
    return Resolved((source,))


def _unknown_repository(
    root: str, around: Source | None, scope: Scope, known: Sequence[Source]
) -> Resolved:
    if not is_addable_implicitly(root):
        return Resolved((around,) if around else _some(known))
    if scope.add:
        return Resolved(unknown=(root,))
    raise _no_source(root)


def _no_source(path: str) -> ScopeError:
    return ScopeError(f"{path} is in no known source", hint=f"add it: dustlocal add {path}")


def _nearest(path: str, known: Sequence[Source]) -> Source | None:
    around = [
        source for source in known if path == source.root or path.startswith(source.root + "/")
    ]
    return max(around, key=lambda source: len(source.root), default=None)


def _absolute(path: str) -> str:
    if not path.startswith("/"):
        raise ScopeError(
            "the request says neither a source nor an absolute path",
            hint="every request carries its scope: sources, everywhere, or the folder you are in",
        )
    return os.path.realpath(path)
