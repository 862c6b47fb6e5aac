"""DustLocal: your repository's memory and its best-read colleague, on your own machine."""

__version__ = "0.1.0"
