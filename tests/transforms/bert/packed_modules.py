"""Folders and archives that look like modules."""

import io
import tarfile
from pathlib import Path

CONTENT = {"saved_model.pb": b"graph", "variables/variables.index": b"index"}


def write_module(path: Path) -> Path:
    for name, content in CONTENT.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def archive(path: Path, *extra: tarfile.TarInfo, prefix: str = "") -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in CONTENT.items():
            member = tarfile.TarInfo(prefix + name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        for member in extra:
            tar.addfile(member, io.BytesIO(b"x" * member.size))
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    info.size = 4 if kind == tarfile.REGTYPE else 0
    return info
