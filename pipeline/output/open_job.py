"""Open the job that an output folder is of, from its files alone."""

import dataclasses
import json
from pathlib import Path

from apache_beam.io.filesystems import FileSystems

from pipeline.console import quiet
from pipeline.errors import UsageError
from pipeline.options import conversion
from pipeline.options.embed_config import EmbedConfig
from pipeline.output import output_folder
from pipeline.output.output_folder import RUN_FILE, Run
from transforms.bert import minilm
from transforms.bert import model_files as model_folder
from transforms.documents import Split
from transforms.io import storage
from transforms.records.record_config import RecordConfig


@dataclasses.dataclass(frozen=True)
class Job:
    """A job as its folder tells it.

    Attributes:
        folder: the output folder.
        splits: of plan.jsonl.
        run: of run.json.
        config: what run.json says of the configuration; how batches are cut, and the limits, are
            not part of that.
        model: handle of the module, as it was given.
    """

    folder: str
    splits: tuple[Split, ...]
    run: Run
    config: EmbedConfig
    model: str

    @property
    def records(self) -> RecordConfig:
        """What stands in its records."""
        return self.config.records_by(self.run.model)


def open_job(folder: str) -> Job:
    """Read plan.jsonl and run.json.

    Raises:
        ValueError: the folder is not that of a job, or of one that this release can read.
    """
    splits = output_folder.load_plan(folder)
    run = output_folder.load_run(folder)
    if run is None:
        raise ValueError(f"{folder} has no {RUN_FILE}: it is no output folder of embed")
    text = storage.read_text(FileSystems.join(folder, RUN_FILE)) or "{}"
    try:
        config = conversion.from_identity(run.configuration, folder)
        model = str(json.loads(text)["model"]["handle"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{folder}/{RUN_FILE}: its configuration makes no job: {error}") from error
    if config.identity() != run.configuration:
        raise ValueError(
            f"{folder}/{RUN_FILE} has a configuration that this release does not know: verify with "
            "the release that wrote it"
        )
    return Job(folder, tuple(splits), run, config, model)


def find_module(job: Job, handle: str | None) -> Path:
    """Find the folder of the module that a job was computed with.

    Args:
        job: whose module is meant.
        handle: where it lies now; None for where it lay then.

    Raises:
        UsageError: it is not there, or another one is.
    """
    given = handle or job.model
    if "://" in given or not minilm.is_imported(given):
        quiet.import_tensorflow()
    remedy = "name the module of the job with --model, wherever it lies now, or leave out --sample"
    try:
        path = minilm.resolve(given)
        fingerprint = model_folder.fingerprint(path)
    except (ValueError, OSError) as error:
        raise UsageError(f"{error}.\n{remedy.capitalize()}") from error
    if fingerprint != job.run.model:
        raise UsageError(
            f"--model {given} has the fingerprint {fingerprint[:12]}, the job's had "
            f"{job.run.model[:12]}: {remedy}"
        )
    return path
