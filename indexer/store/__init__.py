"""The index on disk: SQLite with FTS5 and sqlite-vec, one file per repository.

Work trees of one repository share a file (a *shard*), so that content they have in common is
chunked and embedded once; another repository is another file, so that its size costs a search
nothing, damage stays where it is, and removing the last source of a shard leaves no byte.
"""
