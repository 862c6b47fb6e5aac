"""Answers with citations: retrieve, pack, answer by extraction, verify, or refuse."""
