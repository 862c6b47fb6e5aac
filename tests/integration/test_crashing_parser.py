"""A file that crashes its parser is put aside; everything else is indexed."""

import signal
import subprocess
import sys

from indexer.model import SkipReason

CHILD = """
import os, signal, sys
from pathlib import Path
import indexer.ingest as ingest
from indexer.index import Index
from indexer.work import IndexOptions

real = ingest.prepare
def crashing(path, data):
    if b"CRASH" in data:
        os.kill(os.getpid(), signal.SIGSEGV)
    return real(path, data)
ingest.prepare = crashing
index = Index(Path(sys.argv[1]), IndexOptions(processes=1))
index.refresh(index.add(sys.argv[2]).id)
"""


def refresh(index, root) -> int:
    child = [sys.executable, "-c", CHILD, str(index.folder), str(root)]
    return subprocess.run(child, check=False, timeout=60).returncode


def test_a_file_that_crashes_twice_is_put_aside(index, tmp_path):
    root = tmp_path / "source"
    root.mkdir()
    for name in ("a.py", "z.py"):
        (root / name).write_text(f"def {name[0]}():\n    return 1\n")
    (root / "bad.py").write_text("CRASH = 1\n")
    assert refresh(index, root) == -signal.SIGSEGV
    assert refresh(index, root) == -signal.SIGSEGV
    assert refresh(index, root) == 0
    source = index.source(str(root)).id
    assert set(index.manifest(source)) == {"a.py", "z.py"}
    (skip,) = index.skips(source)
    assert (skip.path, skip.reason) == ("bad.py", SkipReason.EXTRACTION_FAILED)
    assert "crashed" in skip.detail


def test_it_is_read_again_when_it_changes(index, tmp_path):
    root = tmp_path / "source"
    root.mkdir()
    (root / "bad.py").write_text("CRASH = 1\n")
    for _ in range(3):
        refresh(index, root)
    (root / "bad.py").write_text("fine = 1\n")
    assert refresh(index, root) == 0
    source = index.source(str(root)).id
    assert set(index.manifest(source)) == {"bad.py"}
    assert index.skips(source) == []
