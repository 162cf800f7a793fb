"""Check the places of what a call writes beside its output: metrics, timeline and cache."""

import fnmatch
import os
from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.errors import UsageError
from pipeline.options.embed_config import EmbedConfig
from transforms import escaping
from transforms.caching import start_cache
from transforms.io import path_kinds

_FILES = ("metrics_file", "timeline")


def check_side_places(settings: Mapping[str, Any], config: EmbedConfig) -> None:
    """Check the places that flags of a call name.

    Args:
        settings: of the flags, by their names.
        config: of the job.

    Raises:
        UsageError: the next call would read a file as part of the corpus, or the cache cannot be in
            its place.
    """
    for name in _FILES:
        if settings[name] is not None:
            _check_file(f"--{name}", settings[name], config.input.globs)
    if settings["cache_dir"] is not None:
        _check_cache(settings["cache_dir"], config.output)


def _check_file(flag: str, path: str, globs: Iterable[str]) -> None:
    for glob in globs:
        if "://" not in glob and _may_read(glob, path):
            raise UsageError(
                f"{flag} {escaping.one_line(path)}: the next call would read it as part of --input "
                f"{escaping.one_line(glob)}; name a file in another folder"
            )


def _may_read(glob: str, path: str) -> bool:
    """Whether a glob, or a folder that it matches, has a path; in doubt it does."""
    whole = os.path.abspath(path)
    return fnmatch.fnmatchcase(whole, os.path.abspath(glob)) or (
        os.path.isdir(glob) and path_kinds.is_within(path, glob)
    )


def _check_cache(place: str, output: str) -> None:
    if place == start_cache.OFF:
        return
    shown = f"--cache_dir {escaping.one_line(place)}"
    if not place or "://" in place:
        raise UsageError(f"{shown}: name a folder on this machine, or off")
    if "://" not in output and path_kinds.is_within(place, output):
        raise UsageError(f"{shown}: is in the output folder; name another folder, or off")
