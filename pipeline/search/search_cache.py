"""The cache of what searches read: its folders, and errors of writing them."""

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import UsageError, is_of_user
from transforms.bert import model_files

_DIGITS = 12


def folder_of_models(key: str) -> Path:
    """Return the folder in the cache of the model with a key."""
    return model_files.cache_folder() / "queries" / key[:_DIGITS]


def file_of_prompts(fingerprint: str) -> Path:
    """Return the file in the cache with the prompts of the module with a fingerprint."""
    return model_files.cache_folder() / "queries" / f"prompts-{fingerprint[:_DIGITS]}.json"


def folder_of_vectors(folder: str, feature: str) -> Path:
    """Return the folder in the cache of the vectors of an output folder, whatever is in it."""
    name = hashlib.sha256(place_of(folder).encode(errors="surrogateescape")).hexdigest()[:_DIGITS]
    return model_files.cache_folder() / "search" / f"{name}-{feature}"


def place_of(folder: str) -> str:
    """Return the path of an output folder without links, or its URL."""
    return folder if "://" in folder else os.path.realpath(folder)


@contextlib.contextmanager
def cache_errors() -> Iterator[None]:
    """Raise UsageError if the cache cannot be written; a full disk is another error, and passes."""
    try:
        yield
    except OSError as error:
        cache = str(model_files.cache_folder())
        if not str(error.filename or "").startswith(cache) or not is_of_user(error):
            raise
        raise UsageError(
            f"the cache of searches cannot be written ({error.strerror}: {cache}): set "
            "BEAM_BERT_CACHE to a folder that can be written"
        ) from error
