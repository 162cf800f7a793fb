"""The output folder: whose it is, whether this job may go on in it, and how it starts anew."""

import dataclasses
import json
import os
import shutil
import sys
from collections.abc import Sequence
from importlib import metadata
from typing import Any

from apache_beam.io.filesystem import BeamIOError
from apache_beam.io.filesystems import FileSystems

from pipeline.errors import UsageError
from pipeline.inputs import bigquery_names, plan
from pipeline.inputs.stdin import STDIN_FILE
from pipeline.options.embed_config import EmbedConfig
from pipeline.options.flags import CORPUS
from transforms import checked_json, escaping
from transforms.bert.agreement import CosineAgreement
from transforms.dedup import repeat_files
from transforms.documents import FORMAT_VERSION, Split, fingerprint
from transforms.io import storage
from transforms.records import record_files

RUN_FILE = "run.json"
REPORT_FILE = "report.html"
TRANSFORM_FN, TRANSFORMED_METADATA = "transform_fn", "transformed_metadata"
# Where tf.Transform writes these before it renames them.
_TRANSFORM_TEMPORARY = "transform_tmp"
_OURS = (
    *(STDIN_FILE, bigquery_names.FOLDER),
    *("pooled", "sequence", "rejected", "receipts", storage.TEMPORARY, _TRANSFORM_TEMPORARY),
    *(TRANSFORM_FN, TRANSFORMED_METADATA),
    *("manifest.json", REPORT_FILE, plan.PLAN_FILE, RUN_FILE, repeat_files.FOLDER),
)
# As many as tf.Transform learns; see `preprocessing.NUM_QUANTILES`, which brings TensorFlow.
_QUANTILES = 19
_SHOWN = 100
_COMPUTED_BY = (
    *("beam-bert", "apache-beam", "tensorflow", "tensorflow-hub", "tensorflow-text"),
    *("tensorflow-transform", "tfx-bsl", "pyarrow", "numpy", "openvino"),
)


@dataclasses.dataclass(frozen=True)
class Transform:
    """What tf.Transform learned: its fingerprint and the quantiles of lengths."""

    fingerprint: str
    length_quantiles: tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class Run:
    """What run.json says.

    Attributes:
        configuration: what decides the output, by flag.
        model: fingerprint of the module.
        hidden_size: numbers of its vectors; 0 while it has not been looked at.
        transform: None until the analysis is done.
        likeness: what the precision does to vectors; None of float32.
        command: what goes on with the job; see `again.command_of`.
        directory: where that was given, which relative names in it are of.
    """

    configuration: dict[str, Any]
    model: str
    hidden_size: int = 0
    transform: Transform | None = None
    likeness: CosineAgreement | None = None
    command: tuple[str, ...] = ()
    directory: str = ""

    @property
    def fingerprint(self) -> str:
        """Hash that goes into every part's key: model, configuration, transform, format."""
        if self.transform is None:
            raise ValueError("the transform is not known yet")
        return fingerprint(
            [FORMAT_VERSION, self.model, self.configuration, self.transform.fingerprint]
        )


def check_file_system(folder: str) -> None:
    """Refuse, by UsageError, an output folder where nothing here can write."""
    try:
        storage.require_file_system(folder)
    except ValueError as error:
        raise UsageError(f"--output {escaping.one_line(folder)}: {error}") from error


def load_run(folder: str) -> Run | None:
    """Read run.json; None where there is none.

    Raises:
        ValueError: it is damaged or of another version, or the folder holds links.
    """
    refuse_links(folder)
    text = storage.read_text(FileSystems.join(folder, RUN_FILE))
    if text is None:
        return None
    try:
        value = checked_json.loads(text)
        version = checked_json.whole(value, "format_version")
        if version != FORMAT_VERSION:
            raise ValueError(f"it is of format {version}, not {FORMAT_VERSION}")
        configuration = checked_json.fields(value, "configuration")
        model = checked_json.fields(value, "model")
        fingerprint = checked_json.text(model, "fingerprint")
        hidden_size = checked_json.whole(model, "hidden_size")
        told = checked_json.take(value, "transform")
        transform = None if told is None else _transform(told)
        like = checked_json.take(value, "likeness")
        likeness = None if like is None else _likeness(like)
        return Run(
            *(configuration, fingerprint, hidden_size, transform, likeness),
            command=_command(value),
            directory=checked_json.text(value, "directory"),
        )
    except ValueError as error:
        raise ValueError(f"{folder}/{RUN_FILE} cannot be read: {error}") from error


def _command(value: Any) -> tuple[str, ...]:
    """Take the command, which somebody will copy: it runs nothing but us."""
    command = checked_json.texts(value, "command")
    if command[:2] != ("beam-bert", "embed"):
        raise ValueError("its 'command' is none of beam-bert embed")
    return command


def _transform(value: Any) -> Transform:
    told = checked_json.items(value, "length_quantiles")
    quantiles = tuple(checked_json.whole({"a quantile": number}, "a quantile") for number in told)
    if len(quantiles) != _QUANTILES:
        raise ValueError(f"it has {len(quantiles)} 'length_quantiles', not {_QUANTILES}")
    return Transform(checked_json.text(value, "fingerprint"), quantiles)


def _likeness(value: Any) -> CosineAgreement:
    names = ("smallest_cosine", "mean_cosine", "neighbours_kept")
    return CosineAgreement(
        checked_json.whole(value, "documents"), *(checked_json.cosine(value, n) for n in names)
    )


def load_plan(folder: str) -> list[Split]:
    """Read plan.jsonl.

    Raises:
        ValueError: it is missing or damaged.
    """
    storage.set_default_options()
    refuse_links(folder)
    text = storage.read_text(FileSystems.join(folder, plan.PLAN_FILE))
    if text is None:
        raise ValueError(f"{folder} has no {plan.PLAN_FILE}: it is no output folder of embed")
    return plan.from_lines(text)


def write_run(folder: str, run: Run, config: EmbedConfig) -> None:
    """Write run.json."""
    value = {
        "format_version": FORMAT_VERSION,
        "configuration": run.configuration,
        "tokens_per_batch": config.batching.tokens_per_batch,
        "model": {
            "handle": config.model,
            "fingerprint": run.model,
            "hidden_size": run.hidden_size,
        },
        "transform": run.transform and dataclasses.asdict(run.transform),
        "likeness": run.likeness and dataclasses.asdict(run.likeness),
        "versions": _versions(),
        "command": list(run.command),
        "directory": run.directory,
    }
    storage.write_text(folder, RUN_FILE, json.dumps(value, indent=1))


def _versions() -> dict[str, str]:
    versions = {"python": sys.version.split()[0]}
    for name in _COMPUTED_BY:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def find_earlier(config: EmbedConfig, run: Run, splits: Sequence[Split]) -> Run | None:
    """Look for the same job in the output folder, without writing anything.

    Returns:
        the run that the folder belongs to, with its transform if that was learned; None where a
        new job may begin.

    Raises:
        UsageError: the folder holds another job, or something else.
    """
    folder = config.output
    try:
        refuse_links(folder)
    except ValueError as error:
        raise UsageError(f"--output: {error}, or choose another folder") from error
    if config.overwrite:
        _refuse_to_delete_strangers(folder)
        return None
    try:
        earlier = load_run(folder)
        if earlier is None:
            _refuse_strangers(folder)
        else:
            _refuse_differences(folder, earlier, run, splits)
    except (ValueError, OSError) as error:
        raise UsageError(f"--output {folder}: {error}; --overwrite starts anew") from error
    return earlier


def begin(config: EmbedConfig, run: Run, splits: Sequence[Split]) -> None:
    """Begin a new job in the output folder.

    Raises:
        UsageError: the folder cannot be written.
    """
    folder = config.output
    try:
        if config.overwrite:
            # The rows of tables were read just before, for this job.
            rows = any(glob.startswith(bigquery_names.SCHEME) for glob in config.input.globs)
            for name in reversed(_OURS):
                if not (rows and name == bigquery_names.FOLDER):
                    delete(FileSystems.join(folder, name))
        storage.write_text(folder, plan.PLAN_FILE, plan.to_lines(splits))
        write_run(folder, run, config)
    except (OSError, BeamIOError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise UsageError(f"--output {folder}: cannot be written: {reason}") from error


def _refuse_differences(folder: str, earlier: Run, run: Run, splits: Sequence[Split]) -> None:
    lines = [
        f"{flag} {_shown(earlier.configuration.get(flag))} there, {_shown(value)} now"
        for flag, value in run.configuration.items()
        if earlier.configuration.get(flag) != value
    ]
    if earlier.model != run.model:
        lines.append(f"--model of fingerprint {earlier.model[:12]} there, {run.model[:12]} now")
    if not lines:
        lines = plan.differences(load_plan(folder), splits)
    if lines:
        shown = "; ".join(lines[:3]) + (f"; and {len(lines) - 3} more" if len(lines) > 3 else "")
        raise UsageError(
            f"--output {folder} is of another job: {shown}.\n"
            "Choose another folder, or --overwrite to start anew"
        )


def _shown(value: Any) -> str:
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    return escaping.one_line(text[:_SHOWN]) or "(none)"


def refuse_links(folder: str) -> None:
    """Refuse to read or write through a link: a job lives nowhere but in its folder.

    Raises:
        ValueError: what should be a file or folder of the job is none.
    """
    storage.check_no_links(folder, _OURS)


def check_place(config: EmbedConfig) -> None:
    """Refuse, by UsageError, an output folder that holds something else than a job."""
    try:
        refuse_links(config.output)
        if config.overwrite:
            _refuse_to_delete_strangers(config.output)
        elif load_run(config.output) is None:
            _refuse_strangers(config.output)
    except ValueError as error:
        raise UsageError(f"--output {config.output}: {error}") from error


def _refuse_strangers(folder: str) -> None:
    if "://" in folder or not os.path.exists(folder):
        return
    if not os.path.isdir(folder):
        raise UsageError(f"--output {folder} is a file: name a folder")
    strangers = sorted(set(os.listdir(folder)) - set(_OURS))
    if strangers:
        raise UsageError(
            f"--output {folder} holds {strangers[0]!r}, which is no part of a job: "
            "choose an empty or a new folder"
        )


def _refuse_to_delete_strangers(folder: str) -> None:
    if FileSystems.exists(FileSystems.join(folder, RUN_FILE)):
        return
    if "://" not in folder and os.path.isdir(folder) and os.listdir(folder):
        raise UsageError(
            f"--output {folder} has no {RUN_FILE}, so --overwrite will not delete in it: "
            "choose another folder"
        )


def delete(path: str) -> None:
    """Delete a file or a folder, if it is there."""
    if "://" not in path:
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        elif os.path.lexists(path):
            os.unlink(path)
        return
    found = [m for result in FileSystems.match([path, f"{path}/**"]) for m in result.metadata_list]
    if found:
        FileSystems.delete([metadata.path for metadata in found])


def missing_files(config: EmbedConfig) -> list[str]:
    """List what every job leaves beside its parts and is not there."""
    schema = record_files.SCHEMA_FILES[config.output_format]
    schemas = [f"{family}/{schema}" for family in config.records.families]
    names = [*schemas, f"{TRANSFORM_FN}/saved_model.pb"]
    missing = [n for n in names if not FileSystems.exists(FileSystems.join(config.output, n))]
    if config.dedup == CORPUS and not repeat_files.is_committed(config.output):
        missing.append(repeat_files.TABLE_FILE)
    return missing


def clear_temporary(folder: str) -> None:
    """Delete unfinished files, of this run or of one that was killed."""
    for name in (storage.TEMPORARY, _TRANSFORM_TEMPORARY):
        delete(FileSystems.join(folder, name))
