"""The names of entries of the cache: a hash of all that their content follows from."""

import functools
import hashlib
import importlib.metadata
import json
import platform
from pathlib import Path

# The content of an entry may differ with any other version.
_PACKAGES = (
    *("apache-beam", "tensorflow", "tensorflow-text", "tensorflow-transform", "tfx-bsl"),
    *("numpy", "openvino", "pyarrow"),
)


def name_entry(kind: str, *parts: object) -> str:
    """Return the name of an entry.

    Args:
        kind: the first word of the name.
        parts: what the content follows from besides the versions of code; JSON can encode them.
    """
    known = json.dumps([kind, _versions(), _code(), parts], sort_keys=True)
    return f"{kind}-{hashlib.sha256(known.encode()).hexdigest()}"


@functools.cache
def _versions() -> tuple[str, ...]:
    return (platform.python_version(), platform.machine(), *map(_version, _PACKAGES))


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


@functools.cache
def _code() -> str:
    """Hash the code of `transforms`: two states of it may have the same version."""
    root = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(f"{path.relative_to(root)}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
