"""Which commits become queries, which files answer them, and what an export holds."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from bench.history import History, NewHistory

from dustlocal.bench.clones import open_clone
from dustlocal.bench.history_queries import NOISE, cleaned, export_tree, history_queries
from indexer.index import Index
from indexer.repository import Repository

LONG = "Teach the parser about nested brackets"


def queries_of(history: History, back: int) -> list[tuple[str, set[str]]]:
    repository = open_clone(history.root)
    head = repository.head()
    assert head is not None
    found = history_queries(repository, repository.first_parent(back), head)
    return [(query.text, set(query.answers)) for query in found]


def test_later_commits_ask_for_the_files_they_touched_oldest_first(clone: History) -> None:
    assert queries_of(clone, 3) == [
        ("Correct the barometer for the altitude", {"station/barometer.py"}),
        ("Let the thermometer survive a broken probe", {"station/thermometer.py"}),
        ("Explain the barometer to newcomers", {"README.md"}),
    ]


def test_a_file_that_came_later_is_no_answer(new_history: NewHistory) -> None:
    history = new_history("r")
    history.commit("Begin with one file", {"old.py": "1\n"})
    history.commit("Add another file and nothing else", {"new.py": "1\n"})
    history.commit("Change both files at the same time", {"new.py": "2\n", "old.py": "2\n"})
    assert queries_of(history, 2) == [("Change both files at the same time", {"old.py"})]


@pytest.mark.parametrize(
    "subject",
    [
        "Too short a subject!",
        "Bump the parser to a newer version",
        "Release the parser to everybody",
        "Revert the change of the parser to brackets",
        "Update dependencies of the parser and more",
        "Correct some typos in the parser's comments",
        "Reformat the parser with another tool again",
        "Mention the parser in the changelog at last",
        "build(deps): raise the parser by one minor",
        "Upgrade the brackets parser to v2 and more",
        "v2.1 of the parser with nested brackets",
    ],
)
def test_subjects_that_say_nothing_ask_nothing(new_history: NewHistory, subject: str) -> None:
    history = new_history("r")
    history.commit("Begin with one file", {"parser.py": "1\n"})
    history.commit(subject, {"parser.py": "2\n"})
    history.commit(LONG, {"parser.py": "3\n"})
    assert queries_of(history, 2) == [(LONG, {"parser.py"})]


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        (f"{LONG} (#1234)", LONG),
        (f"{LONG}, fixes #12, #13.", LONG),
        (f"{LONG} (GH-77)", LONG),
        (f"{LONG} https://example.org/1", LONG),
        (f"{LONG}  -  see #5:", LONG),
    ],
)
def test_issue_numbers_links_and_trailers_are_taken_off(subject: str, text: str) -> None:
    assert cleaned(subject) == text


def test_a_subject_asked_before_is_not_asked_again(new_history: NewHistory) -> None:
    history = new_history("r")
    history.commit("Begin with one file", {"a.py": "1\n", "b.py": "1\n"})
    history.commit(LONG, {"a.py": "2\n"})
    history.commit(LONG.upper(), {"b.py": "2\n"})
    assert queries_of(history, 2) == [(LONG, {"a.py"})]


def test_wide_commits_ask_nothing(new_history: NewHistory) -> None:
    history = new_history("r")
    names = [f"f{number}.py" for number in range(16)]
    history.commit("Begin with many files", dict.fromkeys(names, "1\n"))
    history.commit("Touch six of the files, one too many", dict.fromkeys(names[:6], "2\n"))
    history.commit("Touch five of the files, just enough", dict.fromkeys(names[:5], "3\n"))
    history.commit(
        "Touch one file beside fifteen new ones",
        {"f0.py": "4\n"} | {f"new{number}.py": "1\n" for number in range(15)},
    )
    assert queries_of(history, 3) == [("Touch five of the files, just enough", set(names[:5]))]


def test_noise_answers_nothing(new_history: NewHistory) -> None:
    history = new_history("r")
    files = {"CHANGELOG.md": "1\n", "poetry.lock": "1\n", "logo.svg": "1\n", "a.py": "1\n"}
    history.commit("Begin with noise and a file", dict(files))
    history.commit("Change the noise and the file too", dict.fromkeys(files, "2\n"))
    history.commit("Change only the change log and lock", {"CHANGELOG.md": "3\n"})
    assert queries_of(history, 2) == [("Change the noise and the file too", {"a.py"})]
    assert not NOISE.search("src/newsletter.py")


def test_merges_ask_nothing_and_their_branch_does(new_history: NewHistory) -> None:
    history = new_history("r")
    history.commit("Begin with one file", {"a.py": "1\n", "b.py": "1\n"})
    history.git("switch", "--quiet", "-c", "side")
    history.commit("Change the file on the side branch", {"a.py": "2\n"})
    history.git("switch", "--quiet", "main")
    history.commits += 1
    history.git(
        "merge", "--quiet", "--no-ff", "-m", "Integrate the work of the side branch", "side"
    )
    assert queries_of(history, 1) == [("Change the file on the side branch", {"a.py"})]


def test_a_renamed_files_answer_is_its_old_path(new_history: NewHistory) -> None:
    history = new_history("r")
    history.commit("Begin with one file", {"old.py": "content\n" * 20})
    history.commit("Call the file by a better name", {"old.py": None, "new.py": "content\n" * 20})
    assert queries_of(history, 1) == [("Call the file by a better name", {"old.py"})]


def test_an_export_is_the_tree_at_the_cut(clone: History, tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    repository = open_clone(clone.root)
    written = export_tree(repository, repository.first_parent(3), folder)
    files = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    assert files == {"README.md", "station/barometer.py", "station/thermometer.py"}
    assert written == 3
    assert (folder / "README.md").read_text() == "# Weather 2\n"


def test_no_later_commit_can_be_reached_from_an_export(clone: History, tmp_path: Path) -> None:
    folder = tmp_path.resolve() / "export"
    folder.mkdir()
    repository = open_clone(clone.root)
    later = repository.head()
    assert later is not None
    export_tree(repository, repository.first_parent(3), folder)

    assert Repository.open(str(folder)) is None
    asked = subprocess.run(
        ["git", "cat-file", "-p", later], cwd=folder, capture_output=True, check=False
    )
    assert asked.returncode != 0
    everything = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
    assert b"zanzibar" not in everything

    index = Index(tmp_path / "index")
    source = index.add(str(folder))
    index.refresh(source.id)
    assert index.refresh_commits(source.id) == 0
    assert index.commit(source.id, later) is None
    assert index.lines(source.id, "station/alarm.py", 1, 1) is None
    assert index.lines(source.id, "station/barometer.py", 1, 1) == "def pressure(sensor):"
    index.close()


def test_links_and_paths_that_lead_out_are_not_exported(
    new_history: NewHistory, tmp_path: Path
) -> None:
    history = new_history("r")
    (history.root / "link").symlink_to("/etc/passwd")
    head = history.commit("Begin with a link", {"a.py": "1\n"})
    folder = tmp_path / "export"
    folder.mkdir()
    assert export_tree(open_clone(history.root), head, folder) == 1
    assert [file.name for file in folder.iterdir()] == ["a.py"]
