"""Which language a file is in, told by its name and, failing that, by its first line.

One row a language: what it is called, the tree-sitter grammar that reads it (None: it is cut
into line windows), the suffixes and whole file names that mean it, and the interpreters that a
`#!` line may name. Names are the ones a user types after `--lang`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from indexer.model import Kind


@dataclass(frozen=True, slots=True)
class Language:
    """A language: `grammar` is its name in tree-sitter-language-pack, None where none is used."""

    name: str
    kind: Kind = Kind.CODE
    grammar: str | None = None


class _Row(NamedTuple):
    name: str
    suffixes: str = ""
    grammar: str | None = None
    names: str = ""
    interpreters: str = ""
    kind: Kind = Kind.CODE


# `.h` is read with the C++ grammar: it parses nearly all C, and C's can't parse classes.
_ROWS: Final = (
    _Row("python", "py pyi pyw", "python", "SConstruct SConscript", "python pypy"),
    _Row("starlark", "bzl bazel star", "starlark", "BUILD WORKSPACE Tiltfile"),
    _Row("javascript", "js mjs cjs", "javascript", "Jakefile", "node nodejs"),
    _Row("jsx", "jsx", "javascript"),
    _Row("typescript", "ts mts cts", "typescript", "", "deno bun ts-node tsx"),
    _Row("tsx", "tsx", "tsx"),
    _Row("go", "go", "go"),
    _Row("rust", "rs", "rust"),
    _Row("java", "java", "java"),
    _Row("c", "c", "c"),
    _Row("c", "h", "cpp"),
    _Row("cpp", "cpp cc cxx c++ hpp hh hxx h++ ipp inl tpp cu cuh ino", "cpp"),
    _Row("csharp", "cs csx", "csharp"),
    _Row(
        "ruby",
        "rb rake gemspec ru podspec",
        "ruby",
        "Gemfile Rakefile Vagrantfile Podfile Brewfile Fastfile Guardfile",
        "ruby jruby",
    ),
    _Row("php", "php phtml php5", "php", "", "php"),
    _Row("kotlin", "kt kts", "kotlin", "", "kotlin"),
    _Row("swift", "swift", "swift", "", "swift"),
    _Row("scala", "scala sc sbt", "scala", "", "scala scala-cli"),
    _Row(
        "bash",
        "sh bash zsh ksh bats",
        "bash",
        ".bashrc .bash_profile .bash_aliases .profile .zshrc .zprofile .zshenv PKGBUILD",
        "bash sh zsh ksh dash ash",
    ),
    _Row("lua", "lua", "lua", "", "lua luajit"),
    _Row("elixir", "ex exs", "elixir", "", "elixir"),
    _Row("haskell", "hs", "haskell", "", "runghc runhaskell"),
    _Row("zig", "zig zon", "zig"),
    _Row("sql", "sql ddl dml", "sql"),
    _Row("css", "css", "css"),
    _Row("scss", "scss", "scss"),
    _Row("hcl", "hcl tf tfvars nomad", "hcl"),
    _Row("dart", "dart", "dart", "", "dart"),
    _Row("julia", "jl", "julia", "", "julia"),
    _Row("r", "r", "r", ".Rprofile", "Rscript"),
    _Row("perl", "pl pm t", "perl", "cpanfile", "perl"),
    _Row("ocaml", "ml", "ocaml", "", "ocaml"),
    _Row("ocaml", "mli", "ocaml_interface"),
    _Row("proto", "proto", "proto"),
    _Row("objc", "m mm", "objc"),
    _Row("erlang", "erl hrl", "erlang", "rebar.config", "escript"),
    _Row("powershell", "ps1 psm1 psd1"),
    _Row("graphql", "graphql gql graphqls"),
    _Row("clojure", "clj cljs cljc edn"),
    _Row("fsharp", "fs fsi fsx"),
    _Row("groovy", "groovy gradle", None, "Jenkinsfile", "groovy"),
    _Row("vb", "vb bas"),
    _Row("nim", "nim nims"),
    _Row("crystal", "cr", None, "", "crystal"),
    _Row("elm", "elm"),
    _Row("lisp", "lisp cl lsp el"),
    _Row("scheme", "scm ss rkt"),
    _Row("fortran", "f f90 f95 f03 f08 for"),
    _Row("pascal", "pas dpr"),
    _Row("ada", "adb ads"),
    _Row("d", "d"),
    _Row("vlang", "vsh"),
    _Row("solidity", "sol"),
    _Row("nix", "nix"),
    _Row("fish", "fish", None, "", "fish"),
    _Row("tcl", "tcl", None, "", "tclsh"),
    _Row("awk", "awk", None, "", "awk gawk mawk"),
    _Row("vim", "vim", None, ".vimrc"),
    _Row("assembly", "s asm"),
    _Row("verilog", "v sv svh vh"),
    _Row("vhdl", "vhd vhdl"),
    _Row("glsl", "glsl vert frag comp wgsl hlsl"),
    _Row("batch", "bat cmd"),
    _Row("vue", "vue"),
    _Row("svelte", "svelte"),
    _Row("astro", "astro"),
    _Row("less", "less"),
    _Row("sass", "sass styl"),
    _Row("template", "j2 jinja jinja2 tmpl mustache hbs ejs erb haml pug liquid twig"),
    _Row("yaml", "yaml yml", None, ".clang-format .clang-tidy CITATION.cff"),
    _Row("toml", "toml", None, "Pipfile"),
    _Row("json", "json jsonc json5 geojson webmanifest", None, ".babelrc .eslintrc .prettierrc"),
    _Row("jsonl", "jsonl ndjson"),
    _Row("xml", "xml xsd xsl xslt svg plist csproj vbproj fsproj props targets pom resx xaml"),
    _Row(
        "ini",
        "ini cfg conf properties env desktop service editorconfig",
        None,
        ".env .gitconfig .npmrc .flake8 .pylintrc .coveragerc .gitmodules .editorconfig",
    ),
    _Row("ignore", "", None, ".gitignore .dockerignore .ignore .dustlocalignore .npmignore"),
    _Row("dockerfile", "dockerfile", None, "Dockerfile Containerfile"),
    _Row("makefile", "mk mak make", None, "Makefile makefile GNUmakefile", "make"),
    _Row("just", "just", None, "justfile Justfile"),
    _Row("cmake", "cmake", None, "CMakeLists.txt"),
    _Row("meson", "", None, "meson.build meson_options.txt"),
    _Row("gomod", "", None, "go.mod go.work"),
    _Row("requirements", "", None, "requirements.txt constraints.txt"),
    _Row("prisma", "prisma"),
    _Row("thrift", "thrift"),
    _Row("diff", "diff patch"),
    _Row("csv", "csv tsv psv"),
    _Row("markdown", "md markdown mdx mdown mkd qmd rmd", kind=Kind.DOCUMENT),
    _Row("rst", "rst rest", kind=Kind.DOCUMENT),
    _Row("asciidoc", "adoc asciidoc asc", kind=Kind.DOCUMENT),
    _Row("org", "org", kind=Kind.DOCUMENT),
    _Row("tex", "tex latex sty cls bib", kind=Kind.DOCUMENT),
    _Row("html", "html htm xhtml", kind=Kind.DOCUMENT),
    _Row("pdf", "pdf", kind=Kind.DOCUMENT),
    _Row("ipynb", "ipynb", kind=Kind.DOCUMENT),
    _Row("text", "txt text log", kind=Kind.DOCUMENT),
)

TEXT: Final = Language("text", Kind.DOCUMENT)

_BY_SUFFIX: dict[str, Language] = {}
_BY_NAME: dict[str, Language] = {}
_BY_INTERPRETER: dict[str, Language] = {}
LANGUAGES: Final[dict[str, Language]] = {}
"""Every language by its name; where two rows share one, the first."""

for _row in _ROWS:
    _language = Language(_row.name, _row.kind, _row.grammar)
    LANGUAGES.setdefault(_row.name, _language)
    _BY_SUFFIX.update(dict.fromkeys(_row.suffixes.split(), _language))
    _BY_NAME.update(dict.fromkeys(_row.names.split(), _language))
    _BY_INTERPRETER.update(dict.fromkeys(_row.interpreters.split(), _language))

# First lines that tell as much as a `#!` line does.
_OPENINGS: Final = (
    (re.compile(r"\s*<\?php\b"), LANGUAGES["php"]),
    (re.compile(r"\s*<\?xml\b"), LANGUAGES["xml"]),
    (re.compile(r"\s*<!doctype\s+html|\s*<html\b", re.IGNORECASE), LANGUAGES["html"]),
    (re.compile(r"%PDF-"), LANGUAGES["pdf"]),
)


def language_of(path: str, first_line: str = "") -> Language:
    """The language of a file by whole name, then suffix, then first line; else plain text.

    `path` is relative, with `/`; only its last part counts. `first_line` is looked at when the
    name tells nothing, so a caller without the content leaves it out.
    """
    name = path.rpartition("/")[2]
    return (
        _BY_NAME.get(name)
        or _language_of_suffix(name)
        or _language_of_stem(name)
        or _language_of_first_line(first_line[:200])
        or TEXT
    )


def _language_of_suffix(name: str) -> Language | None:
    suffix = name.rpartition(".")[2]
    if suffix == name:
        return None
    return _BY_SUFFIX.get(suffix) or _BY_SUFFIX.get(suffix.lower())


def _language_of_stem(name: str) -> Language | None:
    """`Dockerfile.dev` and `.env.local` are still what their first part says."""
    end = name.find(".", 1)
    return _BY_NAME.get(name[:end]) if end > 0 else None


def _language_of_first_line(first_line: str) -> Language | None:
    if first_line.startswith("#!"):
        return _BY_INTERPRETER.get(_interpreter(first_line[2:]))
    for opening, language in _OPENINGS:
        if opening.match(first_line):
            return language
    return None


def _interpreter(command: str) -> str:
    """The bare program of a `#!` line: `/usr/bin/env -S python3.11 -u` is `python`."""
    words = command.split()
    program = words[0].rpartition("/")[2] if words else ""
    if program == "env":
        arguments = (w for w in words[1:] if not w.startswith("-") and "=" not in w)
        program = next(arguments, "").rpartition("/")[2]
    return re.sub(r"[\d.]+$", "", program)
