"""`python -m dustlocal.daemon [--detach]`: be the daemon. `dustlocal up` is how users start it.

The order matters for the first answer: fork before anything is imported, take the lock, start the
indexing process (it imports its libraries while this one does), and only then import the rest.
"""

from __future__ import annotations

import sys


def main(arguments: list[str]) -> int:
    """Run until told to stop; the exit code."""
    from dustlocal.daemon import lifecycle  # noqa: PLC0415
    from dustlocal.errors import DustLocalError  # noqa: PLC0415
    from dustlocal.paths import places  # noqa: PLC0415

    is_detached = "--detach" in arguments
    if is_detached:
        lifecycle.detach()
    where = places()
    try:
        lock = lifecycle.claim(where)
    except DustLocalError as error:
        return lifecycle.explain_failure(error, is_detached=is_detached)
    if lock is None:
        return lifecycle.explain_taken(where, is_detached=is_detached)
    from dustlocal.daemon.process import Process  # noqa: PLC0415

    ingest = Process("ingest")
    try:
        from dustlocal.daemon.server import run  # noqa: PLC0415

        return run(where, ingest, lambda: lifecycle.explain_ready(where, is_detached=is_detached))
    except DustLocalError as error:
        ingest.end(patience=1.0)
        lock.release()
        return lifecycle.explain_failure(error, is_detached=is_detached)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
