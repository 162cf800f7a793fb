"""The output folder: check whether this job may use it, start a new job in it, delete from it."""

import dataclasses
import os
import shutil
from collections.abc import Sequence
from typing import Any, NamedTuple

from apache_beam.io.filesystems import FileSystems

from pipeline.errors import UsageError, output_errors
from pipeline.inputs.bigquery_names import SCHEME
from pipeline.options.embed_config import EmbedConfig
from pipeline.options.flags import CORPUS
from pipeline.output import layout, plan_file, run_file
from pipeline.output.layout import PLAN_FILE, RUN_FILE
from pipeline.output.run_file import Run, load_run
from transforms import escaping
from transforms.dedup import repeat_files
from transforms.documents import Split
from transforms.io import local_status, storage, uploading
from transforms.io.tree_digest import hash_tree
from transforms.records import record_files
from transforms.records.record_config import RecordConfig

# Characters of a flag's value in a message.
_SHOWN = 100
# Differences from another job in a message.
_SHOWN_DIFFERENCES = 3


def check_file_system(folder: str) -> None:
    """Raise UsageError for an output folder of a file system that is not available here."""
    try:
        storage.require_file_system(folder)
    except ValueError as error:
        raise UsageError(f"--output {escaping.one_line(folder)}: {error}") from error


class Earlier(NamedTuple):
    """An earlier call of the same job.

    Attributes:
        run: with the transform if the analysis is done, and with the hash of `splits`; None if a
            new job may start.
        splits: the plan to follow.
        plan_grew: whether files are cut in it that the stored plan could not read, or run.json has
            the hash of another plan.
    """

    run: Run | None
    splits: Sequence[Split]
    plan_grew: bool = False


def find_earlier(config: EmbedConfig, run: Run, splits: Sequence[Split]) -> Earlier:
    """Find an earlier call of the same job in the output folder, without writing anything.

    Args:
        config: of the job.
        run: of this call.
        splits: as planned now. Of a file that could not be read now, the stored plan is followed.

    Raises:
        UsageError: the folder contains another job or other files.
    """
    folder = config.output
    try:
        layout.refuse_links(folder)
    except ValueError as error:
        raise UsageError(f"--output: {error}, or choose another folder") from error
    if config.overwrite:
        _check_may_be_overwritten(folder)
        return Earlier(None, splits)
    try:
        earlier = load_run(folder)
        if earlier is not None:
            return _same_job(folder, earlier, run, splits)
        _refuse_unrecognized_files(folder)
    except (ValueError, IsADirectoryError, NotADirectoryError) as error:
        # Not after other errors of the storage: they may pass.
        raise UsageError(f"--output {folder}: {error}; --overwrite starts again") from error
    return Earlier(None, splits)


def begin(config: EmbedConfig, run: Run, splits: Sequence[Split]) -> None:
    """Start a new job in the output folder: delete an earlier one, write plan and run.json.

    Raises:
        UsageError: the folder can never be written.
        OSError: it cannot be written now.
    """
    folder = config.output
    with output_errors(f"--output {folder}"):
        if config.overwrite:
            # The rows of BigQuery tables belong to this job: it has just read them.
            has_tables = any(glob.startswith(SCHEME) for glob in config.input.globs)
            kept = (layout.LOCK_FILE, *((layout.BIGQUERY,) if has_tables else ()))
            for name in reversed(layout.NAMES):
                if name not in kept:
                    delete(FileSystems.join(folder, name))
        storage.write_text(folder, PLAN_FILE, plan_file.to_lines(splits))
        run_file.write_run(folder, run, config)


def follow(config: EmbedConfig, earlier: Earlier) -> None:
    """Write the plan to follow, and its hash to run.json, if it has grown.

    Raises:
        UsageError: the folder can never be written.
        OSError: it cannot be written now.
    """
    if earlier.run is None or not earlier.plan_grew:
        return
    with output_errors(f"--output {config.output}"):
        storage.write_text(config.output, PLAN_FILE, plan_file.to_lines(earlier.splits))
        run_file.write_run(config.output, earlier.run, config)


def _same_job(folder: str, earlier: Run, run: Run, splits: Sequence[Split]) -> Earlier:
    """Return the earlier call; raise UsageError if it is of another job."""
    lines = [
        f"{flag} {_shown(earlier.configuration.get(flag))} there, {_shown(value)} now"
        for flag, value in run.configuration.items()
        if earlier.configuration.get(flag) != value
    ]
    if earlier.model != run.model:
        lines.append(f"--model of fingerprint {earlier.model[:12]} there, {run.model[:12]} now")
    stored: Sequence[Split] = []
    if not lines:
        stored = plan_file.load_plan(folder)
        splits = plan_file.completed(splits, stored)
        lines = plan_file.differences(plan_file.completed(stored, splits), splits)
    if lines:
        more = len(lines) - _SHOWN_DIFFERENCES
        shown = "; ".join(lines[:_SHOWN_DIFFERENCES]) + (f"; and {more} more" if more > 0 else "")
        raise UsageError(
            f"--output {folder} belongs to another job: {shown}.\n"
            "Choose another folder, or add --overwrite to start again"
        )
    followed = dataclasses.replace(earlier, plan=plan_file.fingerprint(splits))
    return Earlier(followed, splits, list(splits) != list(stored) or followed != earlier)


def _shown(value: Any) -> str:
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    return escaping.one_line(text[:_SHOWN]) or "(none)"


def check_place(config: EmbedConfig) -> None:
    """Raise UsageError for an output folder that contains other files than those of a job."""
    try:
        layout.refuse_links(config.output)
        if config.overwrite:
            _check_may_be_overwritten(config.output)
        elif load_run(config.output) is None:
            _refuse_unrecognized_files(config.output)
    except ValueError as error:
        raise UsageError(f"--output {config.output}: {error}") from error


def _refuse_unrecognized_files(folder: str) -> None:
    if "://" in folder or not storage.exists(folder):
        return
    if not local_status.is_folder(folder):
        raise UsageError(f"--output {folder} is a file: name a folder")
    unrecognized = sorted(set(os.listdir(folder)) - set(layout.NAMES))
    if unrecognized:
        raise UsageError(
            f"--output {folder} contains {unrecognized[0]!r}, which is not part of a job: "
            "choose an empty or a new folder"
        )


def _check_may_be_overwritten(folder: str) -> None:
    """Refuse to delete in a folder that does not belong to a job."""
    if storage.exists(FileSystems.join(folder, RUN_FILE)):
        return
    if "://" not in folder and local_status.is_folder(folder) and os.listdir(folder):
        raise UsageError(
            f"--output {folder} has no {RUN_FILE}, so --overwrite will not delete in it: "
            "choose another folder"
        )


def delete(path: str) -> None:
    """Delete a file or a folder, if it exists."""
    if "://" not in path:
        if local_status.is_folder(path, follow_links=False):
            shutil.rmtree(path)
        else:
            storage.delete_file(path)
        return
    matches = [*storage.match(path), *storage.match(f"{path}/**")]
    storage.delete([metadata.path for metadata in matches])


def damaged_files(config: EmbedConfig, run: Run) -> list[str]:
    """List the missing and the damaged files of those that every job has besides its parts."""
    records = config.records_by(run.model)
    damaged = [
        f"{family}/{records.schema_file}"
        for family in records.families
        if not _has_schema(config.output, family, records, run.hidden_size)
    ]
    if not has_transform(config.output, run):
        damaged.append(layout.TRANSFORM_FN)
    if config.dedup == CORPUS and not repeat_files.is_committed(config.output):
        damaged.append(layout.TABLE_FILE)
    return damaged


def _has_schema(folder: str, family: str, records: RecordConfig, hidden_size: int) -> bool:
    path = FileSystems.join(folder, family, records.schema_file)
    return storage.read_bytes(path) == record_files.schema_content(family, records, hidden_size)


def has_transform(folder: str, run: Run) -> bool:
    """Whether the folder has the transform that run.json names, undamaged."""
    try:
        return run.transform is not None and hash_transform(folder) == run.transform.sha256
    except ValueError:
        return False


def hash_transform(folder: str) -> str:
    """Hash the files of a saved transform; raises as `hash_tree`."""
    return hash_tree(folder, (layout.TRANSFORM_FN, layout.TRANSFORMED_METADATA))


def clear_temporary(folder: str) -> None:
    """Delete unfinished files of this call or of one that was killed."""
    for name in (layout.TEMPORARY, layout.TRANSFORM_TEMPORARY):
        delete(FileSystems.join(folder, name))
    uploading.abort_unfinished(folder)
