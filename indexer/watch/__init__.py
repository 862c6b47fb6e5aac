"""File events as hints: batches of what may have changed, for a consumer that looks at the disk."""

from indexer.watch.coalesce import Batch, Reason
from indexer.watch.limits import Mode, WatchState
from indexer.watch.watcher import Watcher

__all__ = ["Batch", "Mode", "Reason", "WatchState", "Watcher"]
