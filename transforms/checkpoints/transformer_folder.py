"""Read modules.json, in which sentence-transformers lists a model's modules and their folders.

The first module is the transformer. New versions save it beside modules.json, and old ones in a
subfolder such as `0_Transformer`.
"""

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
    first, *others = read_modules(folder)
    folders = [folder_of(first, folder)]
    for other in others:
        with contextlib.suppress(ValueError):
            folders.append(folder_of(other, folder))
    return folders


def read_modules(folder: Path) -> list[Any]:
    """Return the modules that modules.json lists, at least one; each is a JSON value.

    Raises:
        ValueError: it is damaged.
        OSError: it cannot be read.
    """
    try:
        modules = strict_json.decode_any(read_checkpoint_file(folder / MODULES))
    except ValueError as error:
        raise ValueError(f"cannot read {MODULES}: {error}") from error
    return modules if isinstance(modules, list) and modules else [None]


def folder_of(module: Any, folder: Path) -> Path:
    """Return the folder of a module of `read_modules`.

    Raises:
        ValueError: it is not a module, or its folder is outside of the model's.
    """
    path = module.get("path", "") if isinstance(module, dict) else None
    if not isinstance(path, str):
        raise ValueError(f"{MODULES} is not a list of modules with a path")
    relative = PurePosixPath(path)
    is_name = len(path.encode()) <= _LONGEST and not set(path) & {"\\", "\0"}
    if relative.is_absolute() or ".." in relative.parts or not is_name:
        raise ValueError(f"{MODULES} has path {path!r}, which is outside of the folder")
    inside = folder / relative
    if not inside.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"{MODULES} has path {path!r}, which is outside of the folder by a link")
    return inside
