"""Find the folder of a model within the folder that sentence-transformers saved."""

from pathlib import Path, PurePosixPath
from typing import Any

from transforms import strict_json
from transforms.bert.checkpoints import read_checkpoint_file

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
    if not (folder / MODULES).is_file():
        return folder
    try:
        modules = strict_json.decode_any(read_checkpoint_file(folder / MODULES))
    except ValueError as error:
        raise ValueError(f"cannot read {MODULES}: {error}") from error
    return folder / _first_path(modules)


def _first_path(modules: Any) -> PurePosixPath:
    first = modules[0] if isinstance(modules, list) and modules else None
    path = first.get("path", "") if isinstance(first, dict) else None
    if not isinstance(path, str):
        raise ValueError(f"{MODULES} is not a list of modules with a path")
    relative = PurePosixPath(path)
    if relative.is_absolute() or ".." in relative.parts or len(path.encode()) > _LONGEST:
        raise ValueError(f"{MODULES} has path {path!r}, which is outside of the folder")
    return relative
