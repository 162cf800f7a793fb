"""Read BigQuery tables into the output folder, once, before the job that embeds them starts."""

import json
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from pipeline.errors import JobError, UsageError
from pipeline.inputs import bigquery_names
from pipeline.inputs.bigquery_names import SCHEME, Table
from pipeline.options.embed_config import EmbedConfig
from pipeline.options.flags import AUTO_FORMAT
from pipeline.output import folder_checks, lock, output_folder
from pipeline.output.layout import RUN_FILE
from pipeline.runners import local
from transforms import escaping, strict_json
from transforms.io import durable, storage

# In the folder of each table, written last: the table and its columns.
DONE_FILE = "extracted.json"


def extract(config: EmbedConfig, options: PipelineOptions) -> dict[str, str]:
    """Read the tables among the inputs, unless the output folder has their rows already.

    Returns:
        the folders with the rows, by input.

    Raises:
        UsageError: the output folder is not that of this job, or an input is not a table name.
        JobError: a table could not be read.
    """
    globs = [glob for glob in config.input.globs if glob.startswith(SCHEME)]
    if not globs:
        return {}
    if config.update:
        raise UsageError(
            f"--update is for files, and the rows of --input {globs[0]} are read once: embed the "
            "table again into another folder"
        )
    if config.input.format != AUTO_FORMAT:
        raise UsageError(f"--input {globs[0]}: a table is not a file; remove --input_format")
    tables = {glob: bigquery_names.parse(glob) for glob in globs}
    with lock.hold(config.output):
        folder_checks.check_place(config)
        if config.overwrite:
            output_folder.delete(storage.join(config.output, bigquery_names.FOLDER))
        for table in tables.values():
            _extract(table, config, options)
    return {glob: table.folder(config.output) for glob, table in tables.items()}


def _extract(table: Table, config: EmbedConfig, options: PipelineOptions) -> None:
    read = config.input.read
    columns = tuple(dict.fromkeys(name for _, name in read.columns))
    folder = table.folder(config.output)
    contents = {"table": table.reference, "columns": list(columns)}
    stored = storage.read_bytes(storage.join(folder, DONE_FILE))
    if stored is not None and storage.exists(storage.join(config.output, RUN_FILE)):
        # Rows of a job that has started stay, even if other columns are wanted: that is refused
        # later. The job began when all rows were there, so this file was damaged since.
        if _decoded(stored) is None:
            storage.write_text(folder, DONE_FILE, json.dumps(contents))
        return
    if _decoded(stored or b"") == contents:
        return
    output_folder.delete(folder)
    _run(table, columns, folder, options)
    durable.force_tree(storage.join(config.output, bigquery_names.FOLDER))
    storage.write_text(folder, DONE_FILE, json.dumps(contents))
    output_folder.delete(storage.join(folder, storage.TEMPORARY))


def _decoded(stored: bytes) -> Any:
    """Decode JSON; return None if it is damaged."""
    try:
        return strict_json.decode_any(stored)
    except ValueError:
        return None


def _run(table: Table, columns: tuple[str, ...], folder: str, options: PipelineOptions) -> None:
    try:
        from transforms.steps.extract_table import ExtractTable
    except ImportError as error:
        raise UsageError(
            f'--input {SCHEME}...: tables need the extra gcp: pip install "beam-bert[gcp]"'
        ) from error
    try:
        with beam.Pipeline(local.choose_runner(options), options=options) as pipeline:
            _ = pipeline | ExtractTable(
                table.reference, columns, storage.join(folder, bigquery_names.ROWS)
            )
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise JobError(
            f"--input {SCHEME}{table.project}.{table.dataset}.{table.name} could not be read: "
            f"{escaping.one_line(reason)}"
        ) from error
