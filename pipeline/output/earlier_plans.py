"""The plans of earlier generations, and those that were replaced before they were finished."""

import contextlib
from collections.abc import Iterator, Sequence

from pipeline.generations import history
from pipeline.generations.history import FIRST, History
from pipeline.generations.kept_files import (
    kept_generations,
    kept_plans,
    manifest_in,
    plan_of,
    replaced_plan_of,
)
from pipeline.output import plan_comparison, plan_file
from pipeline.output.layout import MANIFEST_FILE
from pipeline.output.plan_file import StoredPlan
from pipeline.output.run_file import Run
from transforms.documents import Split
from transforms.io import storage


def iterate_plans(folder: str) -> Iterator[Sequence[Split]]:
    """Yield all plans that a folder followed before; damaged ones are left out.

    The key of a receipt in the folder follows from one of them, or from plan.jsonl.
    """
    for path in kept_plans(folder):
        with contextlib.suppress(ValueError):
            yield plan_file.load_stored(folder, path).splits


def load_followed(folder: str, run: Run) -> StoredPlan:
    """Read the plan that run.json names.

    It is plan.jsonl, unless a call was killed between the writes of the two: then it is the kept
    plan of before. If neither has the sha256 that run.json names, plan.jsonl is returned.

    Raises:
        ValueError: plan.jsonl is missing or damaged, or the folder contains links.
    """
    stored = plan_file.load_stored(folder)
    if stored.sha256 == run.plan:
        return stored
    for path in paths_of(run):
        if storage.exists(storage.join(folder, path)):
            with contextlib.suppress(ValueError):
                kept = plan_file.load_stored(folder, path)
                if kept.sha256 == run.plan:
                    return kept
    return stored


def paths_of(run: Run) -> tuple[str, str]:
    """Return the paths at which the plan of a run is kept when another replaces it."""
    return plan_of(run.generation), replaced_plan_of(run.generation, run.plan)


def load_plan_of(folder: str, generation: int) -> StoredPlan:
    """Read the plan of an earlier generation.

    Raises:
        ValueError: the folder does not keep it, or it is damaged.
    """
    manifest_in(folder, generation)
    return plan_file.load_stored(folder, plan_of(generation))


def history_of(
    folder: str,
    run: Run,
    splits: Sequence[Split],
    name: str = MANIFEST_FILE,
    known: StoredPlan | None = None,
) -> History | None:
    """Return the history of the generation that a run and its plan are of.

    It follows from the plan of the parent. If the folder no longer has that, it is what the
    manifest of the generation says.

    Args:
        folder: the output folder.
        run: the run, with the number of the generation.
        splits: the plan.
        name: the path of the manifest in the folder.
        known: a plan that was read, which may be that of the parent.

    Returns:
        None for the first generation.

    Raises:
        OSError: a file cannot be read.
    """
    if run.generation == FIRST:
        return None
    parents = [number for number in kept_generations(folder) if number < run.generation]
    for parent in parents[-1:]:
        with contextlib.suppress(ValueError):
            before = plan_file.load_stored(folder, plan_of(parent), known).splits
            changes = plan_comparison.compare(before, splits)
            return History(run.generation, run.plan, parent, *changes)
    with contextlib.suppress(ValueError):
        head = history.read_head(storage.join(folder, name))
        stored = head.history if head is not None else None
        if stored and (stored.generation, stored.plan) == (run.generation, run.plan):
            return stored
    return History(run.generation, run.plan)
