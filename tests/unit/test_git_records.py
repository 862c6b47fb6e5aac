"""git's output becomes values, however the pipe cuts it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.git_records import (
    parse_blobs,
    parse_commits,
    parse_sizes,
    parse_tree,
    split_records,
)

SHA = "0123456789abcdef0123456789abcdef01234567"
pieces = st.integers(min_value=1, max_value=50)


def cut(stream: bytes, sizes: list[int]) -> list[bytes]:
    """The stream in chunks of the given sizes, the rest in one."""
    chunks = []
    for size in sizes:
        chunks.append(stream[:size])
        stream = stream[size:]
    return [chunk for chunk in (*chunks, stream) if chunk]


@given(st.lists(st.binary().map(lambda b: b.replace(b"\0", b"")), max_size=8), st.lists(pieces))
@settings(max_examples=60, deadline=None)
def test_records_are_the_same_however_they_arrive(records, sizes):
    stream = b"".join(record + b"\0" for record in records)
    assert list(split_records(cut(stream, sizes))) == records


@given(st.binary(max_size=200).map(lambda b: b.replace(b"\0", b"")), st.lists(pieces))
@settings(max_examples=60, deadline=None)
def test_a_record_is_cut_at_the_limit_and_the_next_one_is_whole(record, sizes):
    stream = record + b"\0next\0"
    assert list(split_records(cut(stream, sizes), limit=10)) == [record[:10], b"next"]


@given(st.lists(st.binary(max_size=60), max_size=6), st.lists(pieces), st.integers(0, 60))
@settings(max_examples=80, deadline=None)
def test_blobs_are_the_same_however_they_arrive(contents, sizes, limit):
    stream = b"".join(f"{SHA} blob {len(c)}\n".encode() + c + b"\n" for c in contents)
    found = list(parse_blobs(cut(stream, sizes), limit))
    assert [blob.size for blob in found] == [len(content) for content in contents]
    assert [blob.data for blob in found] == [c if len(c) <= limit else None for c in contents]


def test_a_missing_blob_does_not_hide_the_next_one():
    stream = f"{SHA} missing\n{SHA} blob 2\nok\n".encode()
    assert [blob.data for blob in parse_blobs([stream], 10)] == [None, b"ok"]


def test_sizes_leave_out_what_is_missing():
    stream = f"{SHA[::-1]} missing\n{SHA} blob 12\n".encode()
    assert list(parse_sizes([stream])) == [(SHA, 12)]


def test_a_tree_keeps_links_and_drops_submodules():
    records = [
        f"100644 blob {SHA}\ta\tb\nc".encode(),
        f"120000 blob {SHA}\tlink".encode(),
        f"160000 commit {SHA}\tmodule".encode(),
    ]
    assert list(parse_tree(records)) == [("a\tb\nc", 0o100644, SHA), ("link", 0o120000, SHA)]


def test_a_path_that_looks_like_a_commit_stays_a_path():
    records = [
        b"markMARK" + SHA.encode(),
        b"Ada",
        b"7",
        b"subject",
        b"body\n",
        b"\n" + SHA.encode(),
    ]
    (commit,) = parse_commits(records, b"markMARK")
    assert (commit.sha, commit.time, commit.body, commit.paths) == (SHA, 7, "body", (SHA,))


def test_paths_are_dropped_where_every_file_looks_new():
    records = [b"m" + SHA.encode(), b"Ada", b"7", b"s", b"", b"\na", b"b"]
    assert next(parse_commits(records, b"m", {SHA})).paths == ()
    assert next(parse_commits(records, b"m")).paths == ("a", "b")
