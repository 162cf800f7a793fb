"""The cache of what searches read: its folders, and errors of writing them."""

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import UsageError
from transforms.caching import model_cache

_DIGITS = 12


def folder_of_models(key: str) -> Path:
    """Return the folder in the cache of the model with a key."""
    return model_cache.cache_folder() / "queries" / key[:_DIGITS]


def file_of_prompts(fingerprint: str) -> Path:
    """Return the file in the cache with the prompts of the module with a fingerprint."""
    return model_cache.cache_folder() / "queries" / f"prompts-{fingerprint[:_DIGITS]}.json"


def folder_of_vectors(folder: str, feature: str) -> Path:
    """Return the folder in the cache of the vectors of an output folder, whatever is in it."""
    name = hashlib.sha256(place_of(folder).encode(errors="surrogateescape")).hexdigest()[:_DIGITS]
    return model_cache.cache_folder() / "search" / f"{name}-{feature}"


def place_of(folder: str) -> str:
    """Return the path of an output folder without links, or its URL."""
    return folder if "://" in folder else os.path.realpath(folder)


@contextlib.contextmanager
def cache_errors() -> Iterator[None]:
    """Raise UsageError if the cache cannot be written; a full disk is another error, and passes."""
    try:
        with model_cache.cache_errors():
            yield
    except model_cache.CacheError as error:
        raise UsageError(str(error)) from error
