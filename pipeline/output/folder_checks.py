"""Check that a job may use an output folder: it is available, and has no files of others."""

import os

from pipeline.errors import UsageError
from pipeline.inputs import bigquery_names
from pipeline.options.embed_config import EmbedConfig
from pipeline.output import layout, other_job, run_file
from pipeline.output.layout import RUN_FILE
from pipeline.output.run_file import DamagedRunError, RunFile
from transforms import escaping
from transforms.io import file_systems, local_status, path_kinds, storage


def check_file_system(folder: str) -> None:
    """Raise UsageError for an output folder of a file system that is not available here."""
    try:
        file_systems.require_file_system(folder)
    except ValueError as error:
        raise UsageError(f"--output {escaping.one_line(folder)}: {error}") from error


def check_place(config: EmbedConfig) -> None:
    """Raise UsageError for an output folder with another job, or with files of others."""
    try:
        layout.refuse_links(config.output)
        if config.overwrite:
            check_may_be_overwritten(config)
        elif (earlier := _load_run(config.output)) is not None:
            other_job.check_flags(config, earlier.run, earlier.model.handle)
        else:
            refuse_unrecognized_files(config.output)
    except ValueError as error:
        raise UsageError(f"--output {config.output}: {error}") from error


def _load_run(folder: str) -> RunFile | None:
    """Return run.json of a folder; None if it has none, or a damaged one."""
    try:
        return run_file.load_run_file(folder)
    except DamagedRunError:
        return None


def refuse_unrecognized_files(folder: str) -> None:
    """Raise UsageError if a folder of this machine has a file that no job writes."""
    # A link to nowhere is no place either.
    if "://" in folder or not os.path.lexists(folder):
        return
    if kind := path_kinds.describe_unless_folder(folder):
        raise UsageError(f"--output {folder}: {escaping.one_line(kind)}: name a folder")
    unrecognized = sorted(set(os.listdir(folder)) - set(layout.NAMES))
    if unrecognized:
        raise UsageError(
            f"--output {folder} contains {unrecognized[0]!r}, which is not part of a job: "
            "choose an empty or a new folder"
        )


def check_may_be_overwritten(config: EmbedConfig) -> None:
    """Raise UsageError for a folder that does not belong to a job: nothing is deleted in it."""
    folder = config.output
    if "://" in folder or not local_status.is_folder(folder):
        return
    if storage.exists(storage.join(folder, RUN_FILE)):
        return
    if set(os.listdir(folder)) - _written_before_run(config):
        raise UsageError(
            f"--output {folder} has no {RUN_FILE}, so --overwrite will not delete in it: "
            "choose another folder"
        )


def _written_before_run(config: EmbedConfig) -> set[str]:
    """Return what a call has in its folder that was killed before it wrote run.json."""
    tables = bigquery_names.has_tables(config.input.globs)
    return {layout.TEMPORARY, layout.PLAN_FILE} | ({layout.BIGQUERY} if tables else set())
