"""The command line: one file per command group, each imported when its command is used."""
