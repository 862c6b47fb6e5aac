"""Where everything of ours lives on this machine.

The platform's folders for configuration, data, cache, runtime and logs, or, with `DUSTLOCAL_HOME`
set, the subfolders `config`, `data`, `cache`, `run` and `log` of that folder. Each of them is
private: mode 0700, owned by the user, and never a folder that somebody else made for us.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dustlocal.errors import PlaceUnusable

if TYPE_CHECKING:
    from platformdirs.api import PlatformDirsABC

PRIVATE_UMASK = 0o077
"""The umask of all our processes: folders become 0700 and files 0600."""

_SOCKET_PATH_LIMIT = 103
"""Bytes that fit `sockaddr_un.sun_path` with its NUL: 108 on Linux, 104 on macOS and the BSDs."""


@dataclass(frozen=True, slots=True)
class Places:
    """The folders, and the files in them that more than one part of the product needs to name."""

    config: Path
    data: Path
    cache: Path
    runtime: Path
    logs: Path

    @property
    def config_file(self) -> Path:
        """The user's settings."""
        return self.config / "config.toml"

    @property
    def trust_file(self) -> Path:
        """Which repositories' settings are trusted, by content hash."""
        return self.data / "trust.json"

    @property
    def index(self) -> Path:
        """The folder of the index."""
        return self.data / "index"

    @property
    def models(self) -> Path:
        """The folder of models that were pulled, a subfolder each."""
        return self.data / "models"

    @property
    def writer_lock(self) -> Path:
        """Held by the one process that writes the index."""
        return self.data / "writer.lock"

    @property
    def daemon_lock(self) -> Path:
        """Held by the daemon for its life; its pid is inside."""
        return self.runtime / "daemon.lock"

    @property
    def socket(self) -> Path:
        """The daemon's door: beside its lock, or in a short place when that path is too long."""
        path = self.runtime / "daemon.sock"
        fits = len(os.fsencode(path)) <= _SOCKET_PATH_LIMIT
        return path if fits else _short_folder(self.runtime) / "daemon.sock"

    @property
    def log_file(self) -> Path:
        """The daemon's log."""
        return self.logs / "daemon.log"

    def folders(self) -> tuple[Path, ...]:
        """All folders, in the order in which they are shown."""
        return (self.config, self.data, self.cache, self.runtime, self.logs)


def places(environ: Mapping[str, str] = os.environ) -> Places:
    """The places of this user. Nothing is created."""
    home = environ.get("DUSTLOCAL_HOME")
    if home:
        root = Path(os.path.abspath(os.path.expanduser(home)))
        return Places(*(root / name for name in ("config", "data", "cache", "run", "log")))
    from platformdirs import PlatformDirs  # noqa: PLC0415 - 15 ms, only without DUSTLOCAL_HOME

    dirs = PlatformDirs("dustlocal", appauthor=False)
    return Places(
        config=Path(dirs.user_config_dir),
        data=Path(dirs.user_data_dir),
        cache=Path(dirs.user_cache_dir),
        runtime=_runtime(dirs),
        logs=Path(dirs.user_log_dir),
    )


def private_folder(folder: Path) -> Path:
    """Make `folder` (and what is above it) if needed, and see to it that it is ours alone.

    Errors: `PlaceUnusable` when it can't be made, is a link, or belongs to another user.
    """
    try:
        _make(folder)
        found = os.lstat(folder)
        _require_ours(folder, found)
        if stat.S_IMODE(found.st_mode) & PRIVATE_UMASK:
            folder.chmod(0o700)
    except OSError as error:
        raise PlaceUnusable(
            f"{folder}: can't be used as a folder of DustLocal: {error.strerror or error}",
            hint="check its permissions, or set DUSTLOCAL_HOME to a folder you can write",
        ) from error
    return folder


def _make(folder: Path) -> None:
    """`os.makedirs`, but private all the way down (its mode holds for the last folder only)."""
    if not folder.is_dir():
        _make(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def require_ours(folder: Path) -> None:
    """Refuse a folder that another user put where ours is expected (a link is not followed).

    Errors: `PlaceUnusable`. A folder that is not there is nobody's, and fine.
    """
    try:
        found = os.lstat(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise PlaceUnusable(f"{folder}: {error.strerror or error}") from error
    _require_ours(folder, found)


def write_private(file: Path, content: bytes) -> None:
    """Replace `file` in one step, mode 0600: a reader sees the old content or the new."""
    aside = file.with_name(f".{file.name}.{os.getpid()}.new")
    try:
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(aside, file)
    except OSError as error:
        raise PlaceUnusable(
            f"{file}: can't be written: {error.strerror}",
            hint="check the permissions of its folder and the space left on its device",
        ) from error


def _require_ours(folder: Path, found: os.stat_result) -> None:
    if stat.S_ISLNK(found.st_mode):
        # The user's own link in the user's own place is theirs to make; in a shared one it is not.
        found = os.stat(folder) if os.lstat(folder).st_uid == os.geteuid() else found
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise PlaceUnusable(
            f"{folder}: is not a folder of this user",
            hint="remove it if it is yours to remove, or set DUSTLOCAL_HOME to a folder you own",
        )


def _runtime(dirs: PlatformDirsABC) -> Path:
    """The platform's runtime folder, or one of ours where the platform has none.

    Without XDG_RUNTIME_DIR and /run/user the library warns, and answers with a folder in the
    shared temporary folder in which another user may have been first.
    """
    import tempfile  # noqa: PLC0415
    import warnings  # noqa: PLC0415

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted = Path(dirs.user_runtime_dir)
    shared = (Path("/tmp"), Path(tempfile.gettempdir()))  # noqa: S108 - to stay out of it
    return _short_folder(wanted) if any(map(wanted.is_relative_to, shared)) else wanted


def _short_folder(runtime: Path) -> Path:
    """A folder with a short name for `runtime`: a socket's path must fit about 100 bytes.

    It lies in the temporary folder, where others may write: whoever uses it checks with
    `private_folder` or `require_ours` that it is a folder of ours, so that a folder planted under
    the (guessable) name ends in an error and never in a connection to somebody else's socket.
    """
    import hashlib  # noqa: PLC0415 - only for the rare long path
    import tempfile  # noqa: PLC0415

    digest = hashlib.sha256(os.fsencode(runtime)).hexdigest()[:16]
    name = f"dustlocal-{os.geteuid()}-{digest}"
    folder = Path(tempfile.gettempdir()) / name
    fits = len(os.fsencode(folder)) + len("/daemon.sock") <= _SOCKET_PATH_LIMIT
    return folder if fits else Path("/tmp") / name  # noqa: S108 - checked by whoever uses it
