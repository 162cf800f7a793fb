"""The files of earlier generations in an output folder: their manifests and plans."""

import re

from pipeline.generations.history import current_generation
from pipeline.manifest import MANIFEST_FILE
from transforms.io import storage

# The folder of the manifests of earlier generations.
MANIFESTS = "manifests"
# The folder of the changes between each generation and the one before it.
CHANGES = "changes"
# The list of inputs in the keys of all parts, where an update has replaced it.
FIRST_LIST = f"{MANIFESTS}/inputs.json"
_MANIFEST = re.compile(r"(\d{6,})\.json")
_CHANGES = re.compile(r"(\d{6,})\.jsonl")
_PLAN = re.compile(r"(\d{6,})(\.replaced-[0-9a-f]{16})?\.plan\.jsonl")


def manifest_of(generation: int) -> str:
    """Return the path of the manifest of an earlier generation.

    >>> manifest_of(7)
    'manifests/000007.json'
    """
    return f"{MANIFESTS}/{generation:06d}.json"


def changes_of(generation: int) -> str:
    """Return the path of the changes of a generation."""
    return f"{CHANGES}/{generation:06d}.jsonl"


def plan_of(generation: int) -> str:
    """Return the path of the plan of an earlier generation."""
    return f"{MANIFESTS}/{generation:06d}.plan.jsonl"


def replaced_plan_of(generation: int, sha256: str) -> str:
    """Return the path of a plan that was replaced before its generation was finished."""
    return f"{MANIFESTS}/{generation:06d}.replaced-{sha256[:16]}.plan.jsonl"


def kept_generations(folder: str) -> list[int]:
    """List the earlier generations whose manifests a folder keeps, ascending."""
    names = storage.list_folder(storage.join(folder, MANIFESTS))
    return sorted(int(match[1]) for name in names if (match := _MANIFEST.fullmatch(name)))


def kept_plans(folder: str) -> dict[str, int]:
    """List the plans in the folder of manifests: the generation of each, by path."""
    names = storage.list_folder(storage.join(folder, MANIFESTS))
    return {
        f"{MANIFESTS}/{name}": int(match[1]) for name in names if (match := _PLAN.fullmatch(name))
    }


def kept_changes(folder: str) -> dict[str, int]:
    """List the files of changes: the generation of each, by path."""
    names = storage.list_folder(storage.join(folder, CHANGES))
    return {
        f"{CHANGES}/{name}": int(match[1]) for name in names if (match := _CHANGES.fullmatch(name))
    }


def is_replaced(path: str) -> bool:
    """Whether a path of `kept_plans` is that of a plan that was replaced unfinished."""
    match = _PLAN.fullmatch(path.rpartition("/")[2])
    return match is not None and match[2] is not None


def manifest_in(folder: str, generation: int | None) -> str:
    """Return the path, within a folder, of the manifest of a generation.

    Args:
        folder: the output folder.
        generation: its number; None for the current generation.

    Raises:
        ValueError: the folder does not have the generation.
    """
    if generation is None:
        return MANIFEST_FILE
    # Kept first: that file never changes, and it is written before another is the current one.
    if storage.exists(storage.join(folder, manifest_of(generation))):
        return manifest_of(generation)
    current = current_generation(folder)
    if generation == current:
        return MANIFEST_FILE
    numbers = sorted({*kept_generations(folder), *([current] if current else [])})
    listed = ", ".join(map(str, numbers)) or "none that is finished"
    raise ValueError(f"{folder} has no generation {generation}; it has {listed}")
