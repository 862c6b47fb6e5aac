"""What a search finds, in which order, and what its filters leave out."""

import time
from pathlib import Path

import pytest

from dustlocal.config import EmbeddingSettings
from dustlocal.daemon.embedders import pending_vectors
from indexer.embed.scripted import ScriptedEmbedder
from indexer.index import Index
from indexer.model import Kind, SourceId
from indexer.search.query import Query, QueryEmbedder, glob_pattern


@pytest.fixture
def fill(index, tmp_path):
    """Index files given by path; returns the source's id."""

    def fill(files: dict[str, str], name: str = "source") -> SourceId:
        root = tmp_path / name
        for path, text in files.items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        source = index.add(str(root)).id
        index.refresh(source)
        return source

    return fill


def found(index: Index, text: str, *sources: SourceId, **more) -> list[str]:
    result = index.search(Query(text, sources, **more))
    return list(dict.fromkeys(passage.path for passage in result.passages))


def test_parts_of_an_identifier_find_it(index, fill):
    source = fill({"a.py": "def getUserName():\n    pass\n", "b.py": "def other():\n    pass\n"})
    assert found(index, "user name", source) == ["a.py"]


def test_a_definition_comes_before_its_uses(index, fill):
    uses = "from core import resolve_path\n" + "resolve_path(1); resolve_path(2)\n" * 6
    source = fill(
        {
            "use.py": uses,
            "core.py": "def resolve_path(x):\n    '''Join and clean.'''\n    return x\n",
            "use2.py": uses,
        }
    )
    assert found(index, "resolve_path", source)[0] == "core.py"


def test_the_file_named_after_the_thing_comes_first(index, fill):
    body = "the scheduler runs jobs; scheduler queue\n" * 3
    source = fill({"scheduler.md": body, "zother.md": body + "scheduler again\n"})
    assert found(index, "scheduler", source)[0] == "scheduler.md"


def test_tests_come_after_the_code_they_test(index, fill):
    body = "def parse_header(value):\n    return value.split(';')\n"
    source = fill({"tests/test_header.py": body, "lib/header_parser.py": body})
    assert found(index, "parse header value", source)[0] == "lib/header_parser.py"


def test_tests_come_first_when_they_are_asked_for(index, fill):
    source = fill(
        {
            "tests/test_header.py": "def test_parse_header():\n    assert parse_header('a')\n",
            "lib/parser.py": "def parse_header(value):\n    return value\n" * 2,
        }
    )
    assert found(index, "test for parse header", source)[0] == "tests/test_header.py"


def test_one_file_does_not_crowd_out_the_others(index, fill):
    big = "\n\n".join(
        f"def cache_{n}():\n    '''Cache entry {n} of the cache.'''\n    return {n}"
        for n in range(30)
    )
    source = fill(
        {
            "cache.py": big,
            "b.py": "def warm():\n    '''Fill the cache.'''\n",
            "c.md": "# Cache\nNotes.\n",
        }
    )
    assert set(found(index, "cache", source, k=15)) == {"cache.py", "b.py", "c.md"}


def test_passages_carry_true_lines_and_text(index, fill):
    text = "import os\n\n\ndef first():\n    return 1\n\n\ndef second():\n    return os.sep\n"
    source = fill({"pkg/mod.py": text})
    lines = text.split("\n")
    for passage in index.search(Query("second separator os", (source,))).passages:
        shown = "\n".join(lines[passage.start_line - 1 : passage.end_line])
        assert passage.text.rstrip("\n") == shown.rstrip("\n")
        assert index.lines(source, passage.path, passage.start_line, passage.end_line) == shown


def test_filters(index, fill):
    source = fill({"a/x.py": "retry = 1\n", "b/x.js": "let retry = 1\n", "b/x.md": "retry\n"})
    assert set(found(index, "retry", source)) == {"a/x.py", "b/x.js", "b/x.md"}
    assert found(index, "retry", source, language="javascript") == ["b/x.js"]
    assert found(index, "retry", source, path_glob="a/**") == ["a/x.py"]
    assert found(index, "retry", source, path_glob="*.md") == ["b/x.md"]
    assert found(index, "retry", source, kinds=frozenset({Kind.DOCUMENT})) == ["b/x.md"]
    assert set(found(index, "retry", source, prefix={source: "b"})) == {"b/x.js", "b/x.md"}
    assert found(index, "retry", source, since=int(time.time()) + 60) == []


def test_only_the_sources_asked_for_answer(index, fill):
    one = fill({"a.py": "retry = 1\n"}, "one")
    two = fill({"b.py": "retry = 2\n"}, "two")
    assert found(index, "retry", one) == ["a.py"]
    assert set(found(index, "retry", one, two)) == {"a.py", "b.py"}


@pytest.mark.parametrize(
    "query",
    [
        '" OR 1',
        "NEAR(a, b)",
        "path:x",
        "AND",
        "*",
        "((",
        "^",
        "\0",
        "'; DROP TABLE chunk; --",
        "x" * 100_000,
    ],
)
def test_no_query_breaks_a_search(index, fill, query):
    source = fill({"a.py": "x = 1\n"})
    index.search(Query(query, (source,)))


def test_commits_come_on_request(index, make_repo):
    repo = make_repo()
    repo.commit("Add the frobnicator because the old one leaked", **{"a.py": "x = 1\n"})
    source = index.add(str(repo.root)).id
    index.refresh(source)
    index.refresh_commits(source)
    assert found(index, "frobnicator leaked", source) == []
    result = index.search(Query("frobnicator leaked", (source,), kinds=frozenset({Kind.COMMIT})))
    assert result.passages[0].commit == repo.git("rev-parse", "HEAD")
    assert "because the old one leaked" in result.passages[0].text
    assert "a.py" in (index.commit(source, result.passages[0].commit[:10]) or "")


def test_vectors_of_another_embedder_never_mix(index, fill):
    source = fill({"a.py": "def alpha():\n    pass\n"})
    index.embed_pending(source, ScriptedEmbedder())
    other = ScriptedEmbedder(dimension=64)
    query = QueryEmbedder(other.id, other.dimension, lambda text: other.embed([text])[0])
    assert index.search(Query("alpha", (source,)), query).passages[0].cosine is None
    assert index.embed_pending(source, other) == 1
    assert index.search(Query("alpha", (source,)), query).passages[0].cosine is not None


def test_coverage_counts_what_is_there(index, fill, tmp_path):
    source = fill({"a.py": "def alpha():\n    pass\n", "b.conf": "x\n"})
    (tmp_path / "source" / "c.py").write_bytes(b"\0\1\2")
    index.refresh(source)
    coverage = index.search(Query("alpha", (source,))).coverage
    assert (coverage.indexed, coverage.chunks, coverage.vectors_pending) == (2, 2, 2)
    assert coverage.skipped == 1


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("*.py", "a/b.py", True),
        ("a/*.py", "a/b/c.py", False),
        ("a/**/c.py", "a/b/c.py", True),
        ("a/**/c.py", "a/c.py", True),
        ("docs", "docs/x.md", True),
        ("a?c.py", "abc.py", True),
        ("[x].py", "[x].py", True),
    ],
)
def test_globs(glob, path, matches):
    assert bool(glob_pattern(glob).match(path)) is matches


def test_the_index_file_is_as_large_as_promised(index, tmp_path):
    """Database and vectors stay under four times the text they index."""
    root = tmp_path / "source"
    for path in Path(__file__).parents[2].rglob("indexer/**/*.py"):
        (root / path.parent.name).mkdir(parents=True, exist_ok=True)
        (root / path.parent.name / path.name).write_text(path.read_text())
    source = index.add(str(root)).id
    index.refresh(source)
    index.embed_pending(source, ScriptedEmbedder())
    text = sum(path.stat().st_size for path in root.rglob("*.py"))
    index.close()
    stored = sum(
        path.stat().st_size for path in index.folder.glob("*.db*") if "catalog" not in path.name
    )
    assert stored < 4 * text


def test_a_lone_word_is_looked_up_before_it_is_guessed(index, fill):
    """A passage that only resembles the word must not come before the one that holds it."""
    files = {f"near{n}.md": "quokkas and their habitats; quokka sightings\n" for n in range(20)}
    source = fill({**files, "exact.md": "Unrelated words about tea, and quokkaz4711 in passing.\n"})
    index.embed_pending(source, ScriptedEmbedder())
    scripted = ScriptedEmbedder()
    query = QueryEmbedder(scripted.id, scripted.dimension, lambda text: scripted.embed([text])[0])
    hits = index.search(Query("quokkaz4711", (source,)), query).passages
    assert hits[0].path == "exact.md"


def test_vectors_of_another_model_count_as_pending(index, fill):
    source = fill({"a.py": "def alpha():\n    pass\n"})
    index.embed_pending(source, ScriptedEmbedder())
    assert pending_vectors(index, EmbeddingSettings(model="scripted"), source) == 0
    assert pending_vectors(index, EmbeddingSettings(model="minilm"), source) == 1
    assert pending_vectors(index, EmbeddingSettings(model="/some/model.gguf"), source) == 1
    other = ScriptedEmbedder(dimension=64)
    query = QueryEmbedder(other.id, other.dimension, lambda text: other.embed([text])[0])
    assert index.search(Query("alpha", (source,)), query).coverage.vectors_pending == 1
