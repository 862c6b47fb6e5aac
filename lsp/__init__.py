"""The language server: the repository's context at the cursor, over the daemon's socket."""
