"""git, asked and never obeyed: the one place of the project that runs it.

A repository's own configuration can name programs (`core.fsmonitor`, hooks, textconv, filters,
`core.sshCommand`, ...) and a caller's environment can point elsewhere (git sets `GIT_DIR` for
hooks). So every call is a `GitCall`, which takes only commands that read, sets fixed safe
options, drops the caller's `GIT_*`, and gives up on a git that stays silent. Verbs that compare
the work tree (`status`, `diff`, `blame`) are left out: they run clean filters.
"""

from __future__ import annotations

import os
import select
import shlex
import shutil
import threading
from collections.abc import Iterator
from functools import cache
from subprocess import Popen, TimeoutExpired
from typing import IO, TYPE_CHECKING, BinaryIO, cast

from indexer.errors import GitError

if TYPE_CHECKING:
    from git.cmd import Git


def _reading(options: str, positionals: int = 0) -> tuple[frozenset[str], int]:
    return frozenset(options.split()), positionals


# What may be asked: each command, the options it may carry, and how many other arguments.
_READING = {
    "cat-file": _reading("--batch --batch-check --batch-all-objects --buffer --unordered"),
    "diff-tree": _reading(
        "--stdin -r -z --root --always --name-only --no-renames --no-ext-diff --no-textconv "
        "--no-relative --format --encoding"
    ),
    "ls-files": _reading("-z --cached --others --exclude-standard --deduplicate"),
    "ls-tree": _reading("-r -z --full-tree", 1),
    "rev-list": _reading(
        "--stdin --no-walk --no-commit-header --format --encoding --topo-order", 1
    ),
    "rev-parse": _reading("--verify --quiet --is-bare-repository", 1),
    "symbolic-ref": _reading("--quiet --short", 1),
    "version": _reading(""),
    "worktree list": _reading("--porcelain -z"),
}
_OPTIONS = (
    "--no-pager",
    "--literal-pathspecs",
    *(
        word
        for setting in (
            "core.fsmonitor=false",
            "core.hooksPath=/dev/null",
            "core.untrackedCache=false",
            "core.pager=cat",
            "core.askPass=",
            "core.sshCommand=false",
            "core.gitProxy=",
            "core.alternateRefsCommand=false",
            "credential.helper=",
            "protocol.allow=never",
            "submodule.recurse=false",
            "gc.auto=0",
            "maintenance.auto=false",
            "log.showSignature=false",
        )
        for word in ("-c", setting)
    ),
)
_ENVIRONMENT = {
    # Overrides every `protocol.NAME.allow`, which `protocol.allow` alone does not.
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_ASKPASS": "",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_PAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",
    "SSH_ASKPASS": "",
}
# These say where git and its user's own configuration are, never which repository is meant.
_KEPT = frozenset(
    {"GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_SYSTEM", "GIT_EXEC_PATH"}
)
PATIENCE_SECONDS = 60.0
_PIPE_BYTES = 1 << 20
_MAX_COMPLAINT_BYTES = 1 << 16
_USAGE_STATUS = 129
_GIT_PYTHON_EXECUTABLE = "GIT_PYTHON_GIT_EXECUTABLE"
_IMPORTING = threading.Lock()
_INSTALL_HINT = "install git 2.36 or newer and put it on PATH"
_MAX_ANSWER_BYTES = 1 << 30


class GitCall:
    """One git command in one work tree, started when it is read.

    Iterating gives standard output in chunks; afterwards `status` is the exit status and
    `complaint` the end of standard error. Raises `GitError` when git can't be run or is silent
    for `patience` seconds; `ValueError` for a command or an option that is not known to read
    only. Neither raises for an exit status: see `answer` and `stream`.
    """

    __slots__ = ("_arguments", "_root", "_stdin", "complaint", "patience", "status")

    def __init__(
        self,
        root: str,
        verb: str,
        *arguments: str,
        stdin: IO[bytes] | None = None,
        patience: float = PATIENCE_SECONDS,
        as_work_tree: bool = True,
    ) -> None:
        _require_reading(verb, arguments)
        # The explicit work tree wins over a `core.worktree` that points elsewhere.
        place = ("-C", root, *((f"--work-tree={root}",) if as_work_tree else ()))
        self._arguments = (*place, *_OPTIONS, *verb.split(), *arguments)
        self._root = root
        self._stdin = stdin
        self.patience = patience
        self.status = 0
        self.complaint = ""

    def answer(self, fine: tuple[int, ...] = (0,)) -> bytes:
        """The whole output; `GitError` unless git ends with a status in `fine`."""
        parts: list[bytes] = []
        size = 0
        for chunk in self:
            parts.append(chunk)
            size += len(chunk)
            if size > _MAX_ANSWER_BYTES:
                raise GitError(
                    f"git printed over {_MAX_ANSWER_BYTES >> 30} GiB in {self._root}",
                    hint="the repository is damaged or hostile: git fsck tells",
                )
        self._require_status(fine)
        return b"".join(parts)

    def stream(self) -> Iterator[bytes]:
        """The output as it comes; `GitError` at its end when git failed."""
        yield from self
        self._require_status((0,))

    def __iter__(self) -> Iterator[bytes]:
        # Held to the end: GitPython's wrapper kills its process when it is collected.
        wrapper = self._start()
        process = cast("Popen[bytes]", wrapper.proc)
        try:
            yield from self._chunks(process)
            self.status = process.wait(self.patience)
        except TimeoutExpired:
            raise self._silent() from None
        finally:
            _end(process)

    def _start(self) -> Git.AutoInterrupt:
        command = [*_without_caller_settings(), _executable(), *self._arguments]
        ceiling = {"GIT_CEILING_DIRECTORIES": os.path.dirname(self._root)}
        git, not_started = _git_python()
        try:
            return git("/").execute(
                command,
                istream=cast("BinaryIO | None", self._stdin),
                as_process=True,
                env=_ENVIRONMENT | ceiling,
                shell=False,
                pipesize=_PIPE_BYTES,
            )
        except (OSError, not_started) as error:
            raise GitError(f"git can't be started: {error}", hint=_INSTALL_HINT) from error

    def _chunks(self, process: Popen[bytes]) -> Iterator[bytes]:
        """Standard output; standard error is drained beside it, or a full pipe would block git."""
        assert process.stdout is not None
        assert process.stderr is not None
        output, complaints = process.stdout.fileno(), process.stderr.fileno()
        told = b""
        poll = select.poll()
        waiting = {output, complaints}
        for descriptor in waiting:
            poll.register(descriptor, select.POLLIN)
        while waiting:
            ready = poll.poll(self.patience * 1000)
            if not ready:
                raise self._silent()
            for descriptor, _ in ready:
                data = os.read(descriptor, _PIPE_BYTES)
                if not data:
                    poll.unregister(descriptor)
                    waiting.discard(descriptor)
                elif descriptor == output:
                    yield data
                else:
                    told = (told + data)[-_MAX_COMPLAINT_BYTES:]
        self.complaint = os.fsdecode(told)

    def _silent(self) -> GitError:
        return GitError(
            f"git did not answer for {self.patience:g} seconds in {self._root}",
            hint="look for a file git waits on, such as a named pipe called .gitignore",
        )

    def _require_status(self, fine: tuple[int, ...]) -> None:
        if self.status in fine:
            return
        if "safe.directory" in self.complaint:
            raise GitError(
                f"git refuses {self._root}: the folder belongs to another user",
                hint="if you trust it: git config --global --add safe.directory "
                + shlex.quote(self._root),
            )
        if self.status == _USAGE_STATUS:
            raise GitError(
                "this git is too old: it does not know an option that is needed",
                hint="install git 2.36 or newer",
            )
        reason = self.complaint.strip().rpartition("\n")[2] or f"exit status {self.status}"
        raise GitError(
            f"git failed in {self._root}: {reason}",
            hint="git fsck tells whether the repository is damaged",
        )


def git_version() -> str:
    """The version of the installed git, as it tells it ("2.39.5"). Raises `GitError`."""
    told = GitCall("/", "version", as_work_tree=False).answer()
    return told.decode("ascii", "replace").strip().removeprefix("git version ")


def _require_reading(verb: str, arguments: tuple[str, ...]) -> None:
    options, positionals = _READING.get(verb, (frozenset[str](), -1))
    given = [word.partition("=")[0] for word in arguments if word.startswith("-")]
    unknown = [word for word in given if word not in options]
    if positionals < 0 or unknown or len(arguments) - len(given) > positionals:
        raise ValueError(f"not known to read only: git {' '.join((verb, *arguments))}")


def _without_caller_settings() -> list[str]:
    """An `env -u` prefix, empty in the usual case: GitPython can add variables, not remove."""
    foreign = [
        name
        for name in os.environ
        if name.startswith("GIT_") and name not in _KEPT and name not in _ENVIRONMENT
    ]
    return ["/usr/bin/env", *(word for name in foreign for word in ("-u", name))] if foreign else []


def _executable() -> str:
    """git's absolute path. A relative entry of PATH could find a `git` inside a repository."""
    entries = os.environ.get("PATH", os.defpath).split(os.pathsep)
    path = os.pathsep.join(filter(os.path.isabs, entries))
    found = shutil.which("git", path=path)
    if found is None:
        raise GitError("git is not installed, or not on PATH", hint=_INSTALL_HINT)
    return found


@cache
def _git_python() -> tuple[type[Git], type[Exception]]:
    """GitPython's command class and its error, imported on first use: that takes 0.1 s or more.

    Its import runs `git version` by way of PATH, where a relative entry would find a `git` in
    the repository we stand in. The one way to tell it which git is the environment, so that is
    changed for as long as the import takes.
    """
    executable = _executable()
    with _IMPORTING:
        before = os.environ.get(_GIT_PYTHON_EXECUTABLE)
        os.environ[_GIT_PYTHON_EXECUTABLE] = executable
        try:
            from git.cmd import Git  # noqa: PLC0415
            from git.exc import GitCommandNotFound  # noqa: PLC0415
        except ImportError as error:
            raise GitError(f"GitPython can't start git: {error}", hint=_INSTALL_HINT) from error
        finally:
            if before is None:
                del os.environ[_GIT_PYTHON_EXECUTABLE]
            else:
                os.environ[_GIT_PYTHON_EXECUTABLE] = before
    return Git, GitCommandNotFound


def _end(process: Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
        process.wait()
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
