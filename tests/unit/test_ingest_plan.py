"""The pure plan: what separates the store from the disk, and nothing else."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.ingest import Plan, batches, plan, settled
from indexer.model import FileState, Listing, Skip, SkipReason

OLD = FileState(size=3, mtime_ns=1_000_000_123, ctime_ns=1_000_000_124, inode=7)
NEW = replace(OLD, mtime_ns=2_000_000_123, ctime_ns=2_000_000_124)
BINARY = Skip("a", SkipReason.BINARY, "a .png file", OLD)


def listing(files: dict[str, FileState] | None = None, *skips: Skip) -> Listing:
    return Listing(files or {}, {skip.path: skip for skip in skips}, frozenset())


def test_nothing_is_planned_while_nothing_differs() -> None:
    made = plan({"a": OLD}, {}, listing({"a": OLD}))
    assert made == Plan()
    assert made.empty


def test_new_and_changed_files_are_read_and_deleted_ones_removed() -> None:
    made = plan({"same": OLD, "changed": OLD, "gone": OLD}, {}, listing(
        {"same": OLD, "changed": NEW, "new": OLD}
    ))  # fmt: skip
    assert made == Plan(read=("changed", "new"), remove=("gone",))
    assert not made.empty


@pytest.mark.parametrize("part", ["size", "mtime_ns", "ctime_ns", "inode"])
@pytest.mark.parametrize("step", [1, -1])
def test_any_part_of_the_state_tells_a_change_in_either_direction(part: str, step: int) -> None:
    changed = replace(OLD, **{part: getattr(OLD, part) + step})
    assert plan({"a": OLD}, {}, listing({"a": changed})).read == ("a",)


def test_the_most_recently_touched_file_is_read_first() -> None:
    files = {name: replace(OLD, mtime_ns=time) for name, time in (("b", 1), ("c", 3), ("a", 1))}
    assert plan({}, {}, listing(files)).read == ("c", "a", "b")


def test_a_file_that_is_skipped_now_is_recorded_and_not_removed_apart() -> None:
    made = plan({"a": OLD}, {}, listing(None, BINARY))
    assert made == Plan(skip=(BINARY,))


def test_a_recorded_skip_is_not_recorded_again() -> None:
    assert plan({}, {"a": BINARY}, listing(None, BINARY)).empty
    other = replace(BINARY, reason=SkipReason.OVERSIZED)
    assert plan({}, {"a": BINARY}, listing(None, other)).skip == (other,)


def test_a_file_that_turned_out_unwanted_is_read_again_when_it_changes() -> None:
    minified = Skip("a", SkipReason.MINIFIED, "long lines", OLD)
    assert plan({}, {"a": minified}, listing({"a": OLD})).empty
    assert plan({}, {"a": minified}, listing({"a": NEW})).read == ("a",)
    assert plan({}, {"a": replace(minified, state=None)}, listing({"a": OLD})).read == ("a",)


def test_a_skip_of_a_file_that_is_gone_is_forgotten() -> None:
    assert plan({}, {"a": BINARY}, listing()) == Plan(forget=("a",))


states = st.sampled_from([OLD, NEW])
names = st.sampled_from(["a", "b", "c", "d"])
skipped = st.dictionaries(names, st.sampled_from(list(SkipReason)).map(
    lambda reason: Skip("", reason, "", OLD)
))  # fmt: skip


def named(skips: dict[str, Skip]) -> dict[str, Skip]:
    return {path: replace(skip, path=path) for path, skip in skips.items()}


@given(st.dictionaries(names, states), skipped, st.dictionaries(names, states), skipped)
def test_a_plan_that_was_carried_out_leaves_nothing_to_plan(
    entries: dict[str, FileState],
    before: dict[str, Skip],
    files: dict[str, FileState],
    skips: dict[str, Skip],
) -> None:
    """Whatever becomes of the files that are read: each is an entry or a skip, never both."""
    known = {path: skip for path, skip in named(before).items() if path not in entries}
    found = {path: skip for path, skip in named(skips).items() if path not in files}
    disk = Listing(files, found, frozenset())
    made = plan(entries, known, disk)
    stored, recorded = dict(entries), dict(known)
    for path in (*made.remove, *made.forget):
        stored.pop(path, None)
        recorded.pop(path, None)
    for skip in made.skip:
        stored.pop(skip.path, None)
        recorded[skip.path] = skip
    for path in made.read:
        recorded.pop(path, None)
        stored[path] = files[path]
    assert plan(stored, recorded, disk).empty
    assert stored.keys() | recorded.keys() == files.keys() | found.keys()
    assert set(made.read).isdisjoint(made.remove)


def test_what_was_read_just_after_a_change_on_a_coarse_clock_is_not_settled() -> None:
    """With times in whole seconds a second write in the same second would go unnoticed."""
    coarse = replace(OLD, ctime_ns=5_000_000_000)
    assert settled(coarse, 5_400_000_000) != coarse
    assert settled(coarse, 8_000_000_000) == coarse
    assert settled(OLD, OLD.ctime_ns + 1) == OLD
    # A clock that was set back must not make it look long ago.
    assert settled(coarse, 4_000_000_000) != coarse
    unsettled = settled(coarse, 5_400_000_000)
    assert plan({"a": unsettled}, {}, listing({"a": coarse})).read == ("a",)


@given(st.lists(st.integers()), st.integers(1, 9))
def test_batches_are_all_items_in_order_and_none_is_too_large(items: list[int], size: int) -> None:
    parts = list(batches(items, size))
    assert [item for part in parts for item in part] == items
    assert all(0 < len(part) <= size for part in parts)
