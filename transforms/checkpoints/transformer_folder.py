"""Find the folder of a model within the folder that sentence-transformers saved."""

import contextlib
from pathlib import Path, PurePosixPath
from typing import Any

from transforms import strict_json
from transforms.checkpoints.checkpoint import read_checkpoint_file

MODULES = "modules.json"
# No file system has longer names.
_LONGEST = 255


def find(folder: Path) -> Path:
    """Return the folder of the first module, the transformer.

    New versions save it beside modules.json, and old ones in a subfolder such as `0_Transformer`.

    Raises:
        ValueError: modules.json is damaged, or names a folder elsewhere.
        OSError: it cannot be read.
    """
    return find_all(folder)[0]


def find_all(folder: Path) -> list[Path]:
    """Return the folders of all modules; see `find`. Further ones that are elsewhere are left out.

    `sentence_folder` says why those cannot be used.
    """
    if not (folder / MODULES).is_file():
        return [folder]
    try:
        modules = strict_json.decode_any(read_checkpoint_file(folder / MODULES))
    except ValueError as error:
        raise ValueError(f"cannot read {MODULES}: {error}") from error
    first, *others = modules if isinstance(modules, list) and modules else [None]
    folders = [folder / _path_of(first)]
    for other in others:
        with contextlib.suppress(ValueError):
            folders.append(folder / _path_of(other))
    return folders


def _path_of(module: Any) -> PurePosixPath:
    path = module.get("path", "") if isinstance(module, dict) else None
    if not isinstance(path, str):
        raise ValueError(f"{MODULES} is not a list of modules with a path")
    relative = PurePosixPath(path)
    if relative.is_absolute() or ".." in relative.parts or len(path.encode()) > _LONGEST:
        raise ValueError(f"{MODULES} has path {path!r}, which is outside of the folder")
    return relative
