"""Write a small module of the same weights once in a process: building its graphs takes a second.

For tests of what reads modules. Tests of writing call `importing.write_module`.
"""

import hashlib
from pathlib import Path

import numpy as np

from transforms.checkpoints import importing
from transforms.checkpoints.checkpoint import Checkpoint

# Contents of files by their paths in the module, by what determines them.
_KNOWN: dict[str, dict[Path, bytes]] = {}


def write(checkpoint: Checkpoint, destination: Path) -> None:
    """Write a module as `importing.write_module` does."""
    key = _key(checkpoint)
    if key in _KNOWN:
        for path, content in _KNOWN[key].items():
            (destination / path).parent.mkdir(parents=True, exist_ok=True)
            (destination / path).write_bytes(content)
        return
    importing.write_module(checkpoint, destination)
    files = (path for path in destination.rglob("*") if path.is_file())
    _KNOWN[key] = {path.relative_to(destination): path.read_bytes() for path in files}


def _key(checkpoint: Checkpoint) -> str:
    settings = (checkpoint.shape, checkpoint.vocabulary, checkpoint.rules, checkpoint.dropout)
    digest = hashlib.sha256(repr((settings, checkpoint.architecture)).encode())
    assert not checkpoint.sentence, "its head is not part of the key"
    for name, array in checkpoint.variables.items():
        digest.update(f"{name} {array.shape} {array.dtype}\0".encode())
        digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()
