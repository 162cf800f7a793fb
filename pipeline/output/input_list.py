"""The list of inputs of a job, which an update may replace.

The keys of parts, and so the names of their files, have the list that the job began with. It stays
in the configuration of run.json, so that the parts of unchanged files stay as they are. The list
of the newest update is beside it.
"""

import contextlib
import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import msgspec

from pipeline.generations.kept_files import FIRST_LIST
from pipeline.inputs import bigquery_names, stdin
from pipeline.options.embed_config import EmbedConfig
from pipeline.output.run_file import InputFlags, Run
from transforms import strict_json
from transforms.io import storage

FLAGS_OF_LIST = ("--input", "--input_format")
_DECODER = msgspec.json.Decoder(InputFlags)


def list_of(flags: Mapping[str, Any]) -> dict[str, Any]:
    """Return the flags of a configuration that say what is read."""
    return {flag: flags[flag] for flag in FLAGS_OF_LIST if flag in flags}


def can_be_followed(*lists: Mapping[str, Any]) -> bool:
    """Whether an update can follow from one list to another: both have files only.

    The standard input and BigQuery tables are read once.
    """
    globs = [glob for one in lists for glob in one.get("--input") or ()]
    return stdin.PIPE not in globs and not bigquery_names.has_tables(globs)


def with_list_of(earlier: Run, now: Run) -> Run:
    """Return the run of a folder with the list of inputs, and the command, of a call of now."""
    wanted = list_of(now.configuration)
    if list_of(earlier.newest_flags) == wanted:
        return earlier
    inputs = None if list_of(earlier.configuration) == wanted else wanted
    return dataclasses.replace(earlier, inputs=inputs, command=now.command, directory=now.directory)


def with_first_list(config: EmbedConfig, run: Run) -> EmbedConfig:
    """Return a configuration with the list that a run has in its keys.

    The schemas of all generations describe the job by it.
    """
    first = list_of(run.configuration)
    if list_of(config.identity()) == first:
        return config
    globs, format_ = (first[flag] for flag in FLAGS_OF_LIST)
    read = dataclasses.replace(config.input, globs=tuple(globs), format=format_)
    return dataclasses.replace(config, input=read)


def keep_first_list(folder: str, run: Run) -> None:
    """Write the list that a run has in its keys, from which a damaged run.json is made again.

    Raises:
        OSError: the folder cannot be written.
    """
    if run.inputs is not None:
        storage.write_text(folder, FIRST_LIST, json.dumps(list_of(run.configuration)))


def with_kept_list(folder: str, run: Run) -> Run:
    """Return the run of a new job with the first list that a folder keeps, if it keeps one.

    Receipts prove the list: their keys have it.
    """
    with contextlib.suppress(ValueError):
        content = storage.read_bytes(storage.join(folder, FIRST_LIST))
        if content is not None:
            first: InputFlags = strict_json.decode(content, _DECODER)
            configuration = run.configuration | dict(first)
            return with_list_of(dataclasses.replace(run, configuration=configuration), run)
    return run
