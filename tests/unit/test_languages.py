from __future__ import annotations

import pytest

from indexer.languages import LANGUAGES, language_of
from indexer.model import Kind


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("src/app.py", "python"),
        ("stubs/app.pyi", "python"),
        ("a/b/Main.JAVA", "java"),
        ("web/app.jsx", "jsx"),
        ("web/app.tsx", "tsx"),
        ("web/app.mts", "typescript"),
        ("include/list.h", "c"),
        ("src/list.hpp", "cpp"),
        ("infra/main.tf", "hcl"),
        ("Makefile", "makefile"),
        ("deploy/Dockerfile.dev", "dockerfile"),
        ("CMakeLists.txt", "cmake"),
        ("requirements.txt", "requirements"),
        (".env.local", "ini"),
        (".gitignore", "ignore"),
        ("Gemfile", "ruby"),
        ("docs/README.md", "markdown"),
        ("notes.rst", "rst"),
        ("analysis.ipynb", "ipynb"),
        ("LICENSE", "text"),
        ("odd.unheardof", "text"),
        ("trailing.", "text"),
        ("", "text"),
    ],
)
def test_names_tell_the_language(path: str, name: str) -> None:
    assert language_of(path).name == name


@pytest.mark.parametrize(
    ("first_line", "name"),
    [
        ("#!/usr/bin/env python3", "python"),
        ("#!/usr/bin/env -S python3.11 -u", "python"),
        ("#!/usr/bin/env LC_ALL=C bash", "bash"),
        ("#! /bin/sh -e", "bash"),
        ("#!/usr/local/bin/node --harmony", "javascript"),
        ("#!/usr/bin/Rscript", "r"),
        ("<?php echo 1;", "php"),
        ("<!DOCTYPE html>", "html"),
        ("%PDF-1.7", "pdf"),
        ("#!", "text"),
        ("#!/usr/bin/env", "text"),
        ("plain words about #!/bin/sh", "text"),
    ],
)
def test_the_first_line_tells_where_the_name_does_not(first_line: str, name: str) -> None:
    assert language_of("bin/tool", first_line).name == name


def test_the_name_wins_over_the_first_line() -> None:
    assert language_of("tool.py", "#!/bin/sh").name == "python"


@pytest.mark.parametrize(
    "path", ["a.md", "a.rst", "a.txt", "a.html", "a.pdf", "a.ipynb", "a.adoc", "a.org", "a.tex"]
)
def test_documents_are_documents(path: str) -> None:
    assert language_of(path).kind is Kind.DOCUMENT


@pytest.mark.parametrize("path", ["a.py", "a.yaml", "a.json", "Dockerfile", "a.sql", "a.csv"])
def test_everything_else_is_code(path: str) -> None:
    assert language_of(path).kind is Kind.CODE


def test_every_grammar_named_in_the_table_is_in_the_pack() -> None:
    from tree_sitter_language_pack import get_language

    for language in LANGUAGES.values():
        if language.grammar is not None:
            get_language(language.grammar)  # type: ignore[arg-type]


def test_importing_the_table_loads_no_parser() -> None:
    import subprocess
    import sys

    script = "import sys, indexer.chunk, indexer.extract; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"tree_sitter", "tree_sitter_language_pack", "pypdf", "numpy"} & set(modules)
