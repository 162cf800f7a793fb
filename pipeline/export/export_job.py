"""Write a model that computes the features of a job for single texts."""

import dataclasses
from pathlib import Path

from pipeline import graphs
from pipeline.errors import UsageError
from pipeline.output import layout
from pipeline.output.open_job import Job, find_module, open_job
from transforms.bert import module as modules
from transforms.bert.module import BertModule
from transforms.features import FLOAT32
from transforms.io import path_kinds
from transforms.io.saved_transform import check_sha256, readable_copy
from transforms.serving import exporting
from transforms.serving.exporting import ServingConfig
from transforms.wordpiece.preprocessing import WordpieceConfig, transform_fingerprint
from transforms.wordpiece.prompts import check_prompt


@dataclasses.dataclass(frozen=True)
class Exported:
    """A model that was written.

    Attributes:
        texts: names of its inputs.
        features: names of the features that it computes.
        prompt: what it puts before each text.
        notes: what a user should know of its differences from the job, in lines.
    """

    texts: tuple[str, ...]
    features: tuple[str, ...]
    prompt: str
    notes: tuple[str, ...]


def export_job(folder: str, destination: str, prompt: str | None, model: str | None) -> Exported:
    """Write the model of a job.

    Args:
        folder: output folder of the job.
        destination: folder on this machine for the model; does not exist, or is empty.
        prompt: instead of the job's; see `EmbedConfig.prompt`. None for the job's.
        model: the current handle of the job's module; None for the handle in run.json.

    Raises:
        UsageError: the module is missing, or another one; or the destination has files, is in
            the output folder or is not on this machine.
        ValueError: the folder does not contain a job that can be exported.
        OSError: a file cannot be read or written.
    """
    _check_destination(folder, destination)
    job = open_job(folder)
    module = modules.inspect(find_module(job, model))
    of_job = graphs.wordpiece_config(job.config, module)
    _check_transform(job, module, of_job)
    config = job.config
    if prompt is not None:
        config = dataclasses.replace(config, prompt=prompt)
        _check_prompt(job, module, prompt)
    wordpieces = graphs.wordpiece_config(config, module)
    embedding = graphs.embedding_config(config, module)
    with readable_copy(folder) as copy:
        check_sha256(copy, job.run.transform.sha256 if job.run.transform else None)
        saved = Path(copy, layout.TRANSFORM_FN)
        exporting.export(
            module,
            ServingConfig(wordpieces, embedding, saved if wordpieces == of_job else None),
            Path(destination),
        )
    return Exported(wordpieces.texts, config.features, wordpieces.prompt, _notes(job))


def _check_destination(folder: str, destination: str) -> None:
    if "://" in destination:
        raise UsageError(
            f"DEST is {destination}: give a folder of this machine, and copy it when it is complete"
        )
    if "://" not in folder and path_kinds.is_within(destination, folder):
        raise UsageError(
            f"DEST is {destination}: it is in the output folder of the job, which has only "
            "its own files; give another folder"
        )


def _check_transform(job: Job, module: BertModule, wordpieces: WordpieceConfig) -> None:
    """Raise ValueError if this release makes other wordpieces than those of the job."""
    graphs.check_transform(job.folder)
    if job.run.transform is None:
        raise ValueError(f"{job.folder}: the job has no transform yet: continue it first")
    if job.run.transform.fingerprint != transform_fingerprint(wordpieces, module.vocabulary):
        raise ValueError(
            f"{job.folder}: this release makes other wordpieces than the job: export with the "
            "release that embedded it"
        )


def _check_prompt(job: Job, module: BertModule, prompt: str) -> None:
    config, windows = job.config, job.config.windows_of_rows
    text = module.prompt_of(prompt, config.features)
    check_prompt(module, text, windows.max_seq_length, windows.stride, config.special_tokens)


def _notes(job: Job) -> tuple[str, ...]:
    notes = []
    if job.config.compute.precision != FLOAT32:
        notes.append(
            f"the job computed products in {job.config.compute.precision}; the model computes in "
            "float32"
        )
    if job.config.dtype != FLOAT32:
        notes.append(
            f"the job rounded its vectors to {job.config.dtype}; those of the model are float32"
        )
    return tuple(notes)
