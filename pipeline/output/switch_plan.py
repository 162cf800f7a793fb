"""Replace the plan of an output folder, and keep the generation that was finished with it.

After a kill between any two writes here, the folder has the finished generation, and the next call
goes on: run.json names the sha256 of the plan that it belongs to, and is written last.
"""

import dataclasses
from collections.abc import Sequence

from pipeline.generations import history, numbers
from pipeline.generations.kept_files import manifest_of, plan_of, replaced_plan_of
from pipeline.options.embed_config import EmbedConfig
from pipeline.options.identity_version import IDENTITY_VERSION
from pipeline.output import plan_file, run_file
from pipeline.output.layout import MANIFEST_FILE, PLAN_FILE
from pipeline.output.run_file import Run
from transforms.documents import Split
from transforms.io import storage


def switch(
    config: EmbedConfig, run: Run, splits: Sequence[Split], *, is_stored: bool = True
) -> Run:
    """Write another plan, and return the run with its hash and the number of its generation.

    Args:
        config: of the job.
        run: of the folder.
        splits: the plan.
        is_stored: whether run.json has the run.

    Raises:
        OSError: the folder cannot be written now.
    """
    folder, plan = config.output, plan_file.fingerprint(splits)
    if config.update:
        _keep(folder, run, plan)
    number = numbers.generation_of_plan(
        folder, plan, run.plan, run.generation, is_update=config.update
    )
    plan_file.write_plan(folder, splits)
    now = dataclasses.replace(run, plan=plan, generation=number, identity_version=IDENTITY_VERSION)
    if now != run or not is_stored:
        run_file.write_run(folder, now, config)
    return now


def _keep(folder: str, run: Run, next_plan: str) -> None:
    """Keep the manifest that readers have, its plan, and an unfinished plan that is replaced."""
    path = storage.join(folder, PLAN_FILE)
    plan = storage.hash_file(path) if storage.exists(path) else ""
    try:
        head = history.read_head(storage.join(folder, MANIFEST_FILE))
    except ValueError:
        # Nobody can read it.
        head = None
    if head is not None:
        number = head.generation
        of_head = head.history.plan if head.history else ""
        is_of_head = plan == of_head or (not of_head and run.generation == number)
        if is_of_head and not _has(folder, plan_of(number)):
            storage.duplicate(folder, PLAN_FILE, plan_of(number))
        if not _has(folder, manifest_of(number)):
            # Last: it says that the generation is kept.
            storage.duplicate(folder, MANIFEST_FILE, manifest_of(number))
        if is_of_head:
            return
    if plan not in ("", next_plan):
        storage.duplicate(folder, PLAN_FILE, replaced_plan_of(run.generation, plan))


def _has(folder: str, path: str) -> bool:
    return storage.exists(storage.join(folder, path))
