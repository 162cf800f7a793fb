"""Learned transforms that this machine keeps, by the sample and the settings they follow from."""

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path

from pipeline import graphs
from pipeline.inputs import sampling
from pipeline.job_context import JobContext
from transforms.caching import entry_names, start_cache
from transforms.io import saved_transform
from transforms.sources.content_digest import hash_columns

_QUANTILES = "quantiles.json"
# ZIP has no earlier time; equal transforms have equal bytes.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


def entry_of(context: JobContext) -> str | None:
    """Return the name of the entry of a job's transform; None if nothing is kept.

    Raises:
        OSError: no file of the sample can be read.
    """
    if start_cache.place() is None:
        return None
    config, vocabulary = context.config, context.module.vocabulary
    settings = graphs.wordpiece_config(config, context.module)
    parts = sampling.read_parts(context.splits, config.input.read)
    sample = hashlib.sha256("".join(map(hash_columns, parts)).encode()).hexdigest()
    rows = (config.rows, config.windows) if config.rows.are_windows else ()
    known = (settings, config.input.read, *rows)
    return entry_names.name_entry("transform", repr(known), vocabulary.sha256, sample)


def restore(name: str | None, folder: str) -> list[int] | None:
    """Write a kept transform into a folder, and return the quantiles that it has learned.

    Args:
        name: of the entry; None if there is none.
        folder: an empty folder of this machine.

    Returns:
        the quantiles of lengths in wordpieces; None if the transform is not kept.
    """
    content = None if name is None else start_cache.load(name)
    if content is None:
        return None
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        quantiles: list[int] = json.loads(archive.read(_QUANTILES))
        # The archive is ours, and `extract` keeps names within the folder.
        archive.extractall(folder, [x for x in archive.namelist() if x != _QUANTILES])
    return quantiles


def keep(name: str | None, folder: str, quantiles: Sequence[int]) -> None:
    """Keep the transform of a folder, with its quantiles."""
    if name is None:
        return
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(zipfile.ZipInfo(_QUANTILES, _NO_TIME), json.dumps(list(quantiles)))
        for part in saved_transform.FOLDERS:
            for parent, _, files in sorted(os.walk(os.path.join(folder, part))):
                for file in sorted(files):
                    path = Path(parent, file)
                    entry = zipfile.ZipInfo(str(path.relative_to(folder)), _NO_TIME)
                    archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, 1)
    start_cache.store(name, stream.getvalue())
