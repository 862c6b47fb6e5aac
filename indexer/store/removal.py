"""Taking a work tree out of a shard that others share, so that no byte of it stays."""

from __future__ import annotations

from indexer.crash import crash_point
from indexer.model import SourceId
from indexer.store import documents, history
from indexer.store.schema import erase_free_pages
from indexer.store.shard import Shard
from indexer.store.source_record import drop_source_record
from indexer.store.vectors import purge_unused


def erase_tree(shard: Shard, source: SourceId) -> None:
    """Forget a source and what only it had. Killed half-way, it can be done again from the start.

    Raises a `StoreError`.
    """
    with shard.writing() as connection:
        documents.drop_tree(connection, documents.tree_id(connection, source))
        drop_source_record(connection, source)
        history.delete_unreachable(connection)
        purge_unused(connection)
    crash_point("before-pages-erased")
    with shard.maintaining() as connection:
        erase_free_pages(connection)
