"""The output folder: start a new job in it, find damage of what every job has, delete."""

import shutil
from collections.abc import Sequence

from pipeline.errors import output_errors
from pipeline.inputs import bigquery_names
from pipeline.options.embed_config import EmbedConfig
from pipeline.options.flags import CORPUS
from pipeline.output import layout, plan_file, run_file
from pipeline.output.layout import RUN_FILE
from pipeline.output.run_file import Run
from transforms.dedup import repeat_files
from transforms.documents import Split
from transforms.io import local_status, storage, uploading
from transforms.io.tree_digest import hash_tree
from transforms.records import record_files
from transforms.records.record_config import RecordConfig
from transforms.vector_widths import VectorWidths


def begin(config: EmbedConfig, run: Run, splits: Sequence[Split]) -> None:
    """Start a new job in the output folder: delete an earlier one, write plan and run.json.

    Raises:
        UsageError: the folder can never be written.
        OSError: it cannot be written now.
    """
    folder = config.output
    with output_errors(f"--output {folder}"):
        if config.overwrite:
            _delete_job(config)
        plan_file.write_plan(folder, splits)
        run_file.write_run(folder, run, config)


def _delete_job(config: EmbedConfig) -> None:
    """Delete a job, all but its run.json, which is replaced last.

    After a kill at any moment there is one, so that the same command may delete the rest.
    """
    # The rows of BigQuery tables belong to this job: it has just read them.
    tables = [layout.BIGQUERY] if bigquery_names.has_tables(config.input.globs) else []
    kept = (RUN_FILE, layout.LOCK_FILE, *tables)
    for name in reversed(layout.NAMES):
        if name not in kept:
            delete(storage.join(config.output, name))
    run = storage.join(config.output, RUN_FILE)
    if "://" not in run and local_status.is_folder(run):
        # No file can replace a folder.
        delete(run)


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
        if not _has_schema(config.output, family, records, run.widths)
    ]
    if not has_transform(config.output, run):
        damaged.append(layout.TRANSFORM_FN)
    if config.dedup == CORPUS and not repeat_files.is_committed(config.output):
        damaged.append(layout.TABLE_FILE)
    return damaged


def _has_schema(folder: str, family: str, records: RecordConfig, widths: VectorWidths) -> bool:
    path = storage.join(folder, family, records.schema_file)
    return storage.read_bytes(path) == record_files.schema_content(family, records, widths)


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
    delete(storage.join(folder, layout.TEMPORARY))
    uploading.abort_unfinished(folder)
