"""DustLocal's indexing library: files in, ranked passages out.

It knows no daemon, no agent and no language model. The nouns are in `indexer.model`.
"""
