"""The model that embeds queries as a job embedded its documents, from a cache."""

import contextlib
import dataclasses
import json
import logging
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np

from pipeline.console import quiet
from pipeline.errors import UsageError
from pipeline.output.open_job import Job, find_module
from pipeline.search import nearest, search_cache
from transforms import __version__
from transforms.documents import hash_json
from transforms.io import storage
from transforms.serving import query_settings
from transforms.serving.query import Query
from transforms.serving.query_settings import EmptyTextError

# The name that sentence-transformers' `encode_query` looks up among the model's prompts.
QUERY_PROMPT = "query"
# Texts that are embedded at once.
_TEXTS = 256
_LOG = logging.getLogger(__name__)
Announce = Callable[[str], None]


@dataclasses.dataclass(frozen=True)
class QueryConfig:
    """How queries are embedded.

    Attributes:
        feature: of documents, which the job computed.
        prompt: what is put before each text: a text, or the name of one of the model's prompts;
            None for `default_prompt`.
        default_prompt: the name of a prompt of the model; the job's prompt if the model has none of
            this name.
        module: the current handle of the job's module; None for the handle in run.json.
    """

    feature: str
    prompt: str | None = None
    default_prompt: str = QUERY_PROMPT
    module: str | None = None


@dataclasses.dataclass(frozen=True)
class QueryModel:
    """Embeds texts with the model of a job.

    Attributes:
        query: embeds a few texts.
        prompt: what it puts before each text.
    """

    query: Query
    prompt: str

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return the vectors of texts, scaled to length 1; float32 [texts, width].

        Raises:
            EmptyTextError: a text has no wordpieces.
            ValueError: a text is not UTF-8, or cannot be embedded.
        """
        vectors = [np.zeros([0, 0], np.float32)] if not texts else []
        for start in range(0, len(texts), _TEXTS):
            try:
                vectors.append(nearest.normalized(self.query(texts[start : start + _TEXTS])))
            except EmptyTextError as error:
                raise EmptyTextError(start + error.number) from None
        return np.concatenate(vectors)


def load(job: Job, config: QueryConfig, announce: Announce) -> QueryModel:
    """Load the model from the cache; write it there first if it is not there.

    Args:
        job: the job.
        config: how queries are embedded.
        announce: takes a line about work that takes time.

    Raises:
        UsageError: the job was over pairs, the module is missing or another one, or the cache
            cannot be written.
        ValueError: the job has no finished part, or cannot be exported.
        OSError: a file cannot be read or written.
    """
    if job.config.input.read.pairs:
        raise UsageError(
            f"{job.folder}: the job was over pairs, so that a text alone has no vector that can be "
            "compared with its vectors"
        )
    prompt = _prompt_of(job, config)
    folder = _place(job, prompt)
    if (folder / query_settings.SETTINGS).is_file():
        try:
            return _read(folder, config.feature)
        except (OSError, ValueError) as error:
            _LOG.info("writing %s again: %s", folder, error)
            shutil.rmtree(folder, ignore_errors=True)
    announce(f"writing the model of queries to {folder}, once")
    _export(job, prompt, config.module, folder)
    return _read(folder, config.feature)


def _prompt_of(job: Job, config: QueryConfig) -> str | None:
    """Return the prompt as `export_job` takes it; None for the job's."""
    # Windows of a document would each need the prompt.
    if config.prompt is not None or not config.default_prompt or job.config.windows_of_rows.stride:
        return config.prompt
    prompts = _prompts_of_module(job, config.module)
    return config.default_prompt if prompts.get(config.default_prompt) else None


def _prompts_of_module(job: Job, handle: str | None) -> dict[str, str]:
    """Return the prompts of the job's module by their names, from the cache or from the module."""
    path = search_cache.file_of_prompts(job.run.model)
    # A damaged file is written again.
    with contextlib.suppress(FileNotFoundError, msgspec.MsgspecError):
        return msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    quiet.import_tensorflow()
    from transforms.bert import module as modules

    sentence = modules.inspect(find_module(job, handle)).sentence
    prompts = sentence.settings.prompts if sentence else {}
    with search_cache.cache_errors():
        storage.write_text(str(path.parent), path.name, json.dumps(prompts))
    return prompts


def _place(job: Job, prompt: str | None) -> Path:
    """Return the folder of a model; jobs of the same settings share it."""
    if job.run.transform is None:
        raise ValueError(f"{job.folder}: no part of the job is finished yet: continue it first")
    key = hash_json([__version__, query_settings.VERSION, job.run.fingerprint, prompt])
    return search_cache.folder_of_models(key)


def _read(folder: Path, feature: str) -> QueryModel:
    return QueryModel(Query(folder, feature), query_settings.read_settings(folder).prompt)


def _export(job: Job, prompt: str | None, handle: str | None, folder: Path) -> None:
    quiet.import_tensorflow()
    from pipeline.export.export_job import export_job

    try:
        with search_cache.cache_errors():
            export_job(job.folder, str(folder), prompt, handle)
    except (OSError, ValueError):
        # Another process may have just written it.
        if not (folder / query_settings.SETTINGS).is_file():
            raise
