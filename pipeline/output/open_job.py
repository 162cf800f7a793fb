"""Open the job of an output folder from its files."""

import dataclasses
from pathlib import Path

from pipeline import model
from pipeline.errors import UsageError
from pipeline.options import conversion
from pipeline.options.embed_config import EmbedConfig
from pipeline.output import earlier_plans, layout, run_file
from pipeline.output.layout import RUN_FILE
from pipeline.output.run_file import Run
from transforms.bert import model_files
from transforms.caching.model_cache import CacheError
from transforms.records.record_config import RecordConfig
from transforms.splits.split_columns import SplitColumns

_REMEDY = "give the current place of the job's module with --model"


@dataclasses.dataclass(frozen=True)
class Job:
    """A job, read from its folder.

    Attributes:
        folder: the output folder.
        splits: the splits in plan.jsonl.
        plan_sha256: of plan.jsonl; in an undamaged folder that in run.json.
        run: the identity of the job in run.json.
        config: the configuration in run.json; it does not include limits.
        model: the handle of the module that the user gave.
    """

    folder: str
    splits: SplitColumns
    plan_sha256: str
    run: Run
    config: EmbedConfig
    model: str

    @property
    def records(self) -> RecordConfig:
        """The configuration of its records."""
        return self.config.records_by(self.run.model)


def open_job(folder: str, generation: int | None = None) -> Job:
    """Read run.json and plan.jsonl.

    Args:
        folder: the output folder.
        generation: the number of an earlier one, whose plan is read; None for that in run.json.

    Raises:
        ValueError: the folder does not contain a job, or one that this release cannot read, or it
            does not keep the generation.
    """
    stored = run_file.load_run_file(folder)
    if stored is None:
        raise ValueError(layout.describe_missing(folder, RUN_FILE))
    run = stored.run
    if generation in (None, run.generation):
        plan = earlier_plans.load_followed(folder, run)
    else:
        plan = earlier_plans.load_plan_of(folder, generation)
        run = dataclasses.replace(run, plan=plan.sha256, generation=generation)
    try:
        config = conversion.from_identity(stored.configuration, folder)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{folder}/{RUN_FILE}: its configuration is not valid: {error}") from error
    if config.identity() != stored.configuration:
        raise ValueError(
            f"{folder}/{RUN_FILE} has a configuration that this release does not know: verify with "
            "the release that wrote it"
        )
    return Job(folder, plan.splits, plan.sha256, run, config, stored.model.handle)


def find_module(job: Job, handle: str | None, remedy: str = _REMEDY) -> Path:
    """Find the folder of the module that a job used.

    Args:
        job: the job.
        handle: the current handle of the module; None for the handle in run.json.
        remedy: what to do if it is not there, for messages.

    Raises:
        UsageError: there is no module, or a different one, or the cache cannot be written.
    """
    handle = handle or job.model
    try:
        path = model.find_folder(handle)
        fingerprint = model_files.fingerprint(path)
    except CacheError as error:
        # It has its own remedy.
        raise UsageError(str(error)) from error
    except (UsageError, ValueError) as error:
        raise UsageError(f"{error}.\n{remedy.capitalize()}") from error
    if fingerprint != job.run.model:
        raise UsageError(
            f"--model {handle} has the fingerprint {fingerprint[:12]}, the job's module had "
            f"{job.run.model[:12]}: {remedy}"
        )
    return path
