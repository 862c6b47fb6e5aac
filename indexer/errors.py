"""Errors of the indexing library, rooted in the one tree that the whole product shares.

::

    DustLocalError                 every error a user may see: what happened, to what, what next
    ├── SourceError                a source can't be used
    │   ├── SourceNotFound         the folder is not there
    │   ├── SourceUnreadable       the folder is there and can't be listed
    │   └── BareRepository         git without a work tree
    ├── GitError                   git is missing, too old or answered with an error
    ├── StoreError                 the index can't be used
    │   ├── StoreDamaged           SQLite says the file is malformed; it is set aside and rebuilt
    │   ├── StoreFull              no space left on the device of the data folder
    │   ├── StoreReadOnly          the data folder can't be written
    │   ├── StoreTooNew            written by a newer version of the program
    │   └── SqliteUnsuitable       this Python's SQLite can't load extensions or lacks FTS5
    ├── EmbeddingError             vectors can't be made
    │   └── WeightsMissing         the embedding model's files are not on this machine, or differ
    └── QueryError                 a query or a filter that can't be understood
"""

from __future__ import annotations


class DustLocalError(Exception):
    """What happened, to which thing (`str(error)`), and what to do next (`hint`)."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class SourceError(DustLocalError):
    """A source can't be used."""


class SourceNotFound(SourceError):
    """The folder of a source is not there."""


class SourceUnreadable(SourceError):
    """The folder of a source is there and can't be listed."""


class BareRepository(SourceError):
    """A git repository without a work tree: there are no files to index."""


class GitError(DustLocalError):
    """git is missing, too old or answered with an error."""


class StoreError(DustLocalError):
    """The index can't be used."""


class StoreDamaged(StoreError):
    """SQLite says that the file is malformed."""


class StoreFull(StoreError):
    """No space is left on the device of the data folder."""


class StoreReadOnly(StoreError):
    """The data folder can't be written."""


class StoreTooNew(StoreError):
    """The index was written by a newer version of the program."""


class SqliteUnsuitable(StoreError):
    """This Python's SQLite can't load extensions or lacks FTS5."""


class EmbeddingError(DustLocalError):
    """Vectors can't be made."""


class WeightsMissing(EmbeddingError):
    """The embedding model's files are not on this machine, or are not the pinned ones."""


class QueryError(DustLocalError):
    """A query or a filter that can't be understood."""
