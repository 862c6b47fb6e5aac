"""Files whose name alone says that they hold nothing to index."""

from __future__ import annotations

from typing import Final

from indexer.extract.verdict import Rejected
from indexer.model import SkipReason

_BINARY: Final = """
    png jpg jpeg jpe gif bmp ico icns cur webp avif heic tif tiff psd xcf dds tga
    mp3 mp4 m4a m4v wav ogg oga ogv opus flac aac aiff mid midi mov avi mkv webm wmv flv
    woff woff2 ttf otf ttc eot
    zip gz tgz bz2 tbz xz txz zst lz4 lzma br 7z tar rar cab deb rpm dmg iso apk ipa
    jar war ear whl egg gem nupkg crx xpi
    so dylib dll exe o a elf ko class pyc pyo pyd rlib rmeta beam wasm node pdb dsym nib
    doc docx xls xlsx ppt pptx odt ods odp epub mobi djvu
    db sqlite sqlite3 db3 mdb parquet avro orc feather arrow npy npz pkl pickle joblib h5
    hdf5 onnx gguf ggml safetensors pt pth ckpt tflite bin lockb
    jks keystore p12 pfx der swp swo ds_store
"""

_LOCK_FILES: Final = """
    package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock deno.lock
    cargo.lock poetry.lock uv.lock pdm.lock pipfile.lock conda-lock.yml go.sum go.work.sum
    composer.lock gemfile.lock podfile.lock cartfile.resolved package.resolved mix.lock
    pubspec.lock flake.lock packages.lock.json .terraform.lock.hcl gradle.lockfile
"""

_GENERATED: Final = """
    .min.js .min.mjs .min.cjs .min.css .bundle.js .map .snap .pnp.cjs .pnp.loader.mjs
    _pb2.py _pb2.pyi _pb2_grpc.py .pb.go .pb.cc .pb.h
    .g.dart .freezed.dart .designer.cs .g.cs .g.i.cs .generated.cs
"""

_BINARY_SUFFIXES: Final = frozenset(_BINARY.split())
_LOCK_NAMES: Final = frozenset(_LOCK_FILES.split())
_GENERATED_ENDINGS: Final = tuple(_GENERATED.split())


def rejected_by_name(path: str) -> Rejected | None:
    """Why the file at `path` (relative, with `/`) needs no look inside, None if it does."""
    name = path.rpartition("/")[2].lower()
    suffix = name.rpartition(".")[2]
    if suffix in _BINARY_SUFFIXES and suffix != name:
        return Rejected(SkipReason.BINARY, f"a .{suffix} file")
    if name in _LOCK_NAMES:
        return Rejected(SkipReason.GENERATED, "a lock file, written by a tool")
    if name.endswith(_GENERATED_ENDINGS):
        ending = next(e for e in _GENERATED_ENDINGS if name.endswith(e))
        return Rejected(SkipReason.GENERATED, f"its name ends in {ending}")
    return None
