"""The installed packages that beam-bert and some extras require, directly or not."""

import importlib.metadata
from collections.abc import Iterable

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = "beam-bert"


def distributions(extras: Iterable[str] = ()) -> dict[str, importlib.metadata.Distribution]:
    """Return beam-bert and all that it requires in this environment, by normalized name.

    Raises:
        ValueError: the installed beam-bert has no extra of this name.
        PackageNotFoundError: a package is required, but not installed; its name is the package's.
    """
    found = {PROJECT: importlib.metadata.distribution(PROJECT)}
    extras = list(extras)
    known = found[PROJECT].metadata.get_all("Provides-Extra") or []
    unknown = [extra for extra in extras if extra not in known]
    if unknown:
        raise ValueError(
            f"the installed {PROJECT} has no extra {unknown[0]!r}, but {', '.join(sorted(known))}"
        )
    waiting, seen = [(PROJECT, extra) for extra in ("", *extras)], set()
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        found[name] = found.get(name) or importlib.metadata.distribution(name)
        for text in found[name].requires or ():
            need = Requirement(text)
            if need.marker is None or need.marker.evaluate({"extra": extra}):
                needed = canonicalize_name(need.name)
                waiting += [(needed, other) for other in ("", *need.extras)]
    return found
