"""The number of the generation that a plan begins or continues."""

from typing import NamedTuple

from pipeline.generations.history import FIRST, read_head
from pipeline.generations.kept_files import kept_generations, plan_of
from pipeline.manifest import MANIFEST_FILE, WITHDRAWN_MANIFEST
from transforms.io import storage


class Published(NamedTuple):
    """A generation that readers may have seen: its number, and the sha256 of its plan if known."""

    generation: int
    plan: str = ""


def newest_published(folder: str, planned: int) -> Published | None:
    """Return the newest generation that readers may have seen; None if there is none.

    Args:
        folder: the output folder.
        planned: the number in run.json, which a damaged manifest counts as.
    """
    found = [Published(number) for number in kept_generations(folder)]
    for name in (WITHDRAWN_MANIFEST, MANIFEST_FILE):
        try:
            head = read_head(storage.join(folder, name))
        except ValueError:
            found.append(Published(planned))
            continue
        if head is not None:
            found.append(Published(head.generation, head.history.plan if head.history else ""))
    if not found:
        return None
    newest = max(found)
    return newest if newest.plan else newest._replace(plan=_kept_plan(folder, newest.generation))


def _kept_plan(folder: str, generation: int) -> str:
    path = storage.join(folder, plan_of(generation))
    return storage.hash_file(path) if storage.exists(path) else ""


def generation_of_plan(
    folder: str,
    plan: str,
    run_plan: str = "",
    run_generation: int = FIRST,
    *,
    is_update: bool = False,
) -> int:
    """Return the number of the generation that a plan is of.

    A number that readers may have seen is never given to another plan. An unfinished generation
    has its number also after its plan was replaced.

    Args:
        folder: the output folder.
        plan: the sha256 of the plan.
        run_plan: the one in run.json; empty if there is no run.json.
        run_generation: the number in run.json.
        is_update: whether the plan is a new one; else it was proved to be that of the folder.
    """
    if plan == run_plan:
        return run_generation
    published = newest_published(folder, run_generation)
    if published is None:
        return run_generation
    # An update keeps the plan that was published before it writes another.
    if published.plan == plan or not (published.plan or is_update):
        return published.generation
    return max(published.generation + 1, run_generation)
