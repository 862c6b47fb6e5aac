"""What a sandbox's store holds, read beside its daemon."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dustlocal.bench.sandbox import Sandbox
from dustlocal.errors import InternalError
from indexer.index import Index
from indexer.model import Source


def known_source(sandbox: Sandbox, source: str) -> Source:
    """The source with this id, which was added before."""
    with _reading(sandbox) as index:
        return _known(index, source)


def indexed_paths(sandbox: Sandbox, source: str) -> list[str]:
    """The paths of a source that are indexed, sorted."""
    with _reading(sandbox) as index:
        return sorted(index.manifest(_known(index, source).id))


def _known(index: Index, source: str) -> Source:
    found = index.source(source)
    if found is None:
        raise InternalError(f"the source {source} was added and is not known")
    return found


@contextmanager
def _reading(sandbox: Sandbox) -> Iterator[Index]:
    index = Index(sandbox.places.index)
    try:
        yield index
    finally:
        index.close()
