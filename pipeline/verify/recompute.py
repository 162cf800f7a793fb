"""Compute the embeddings of documents again with a job's saved transform and its model."""

import dataclasses
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import tensorflow_transform as tft

from pipeline import graphs
from pipeline.output.layout import RUN_FILE, TRANSFORM_FN
from pipeline.output.open_job import Job
from transforms import rejects
from transforms.bert import loading
from transforms.bert import module as modules
from transforms.bert.engines import Engine
from transforms.bert.output_spec import OutputSpec
from transforms.documents import REASON
from transforms.embedding.embed import EmbeddingConfig, embed_sequences
from transforms.embedding.part_embeddings import add_embeddings, take_sequences
from transforms.io.saved_transform import readable_copy
from transforms.tokenize import tokenize_part


class TransformError(ValueError):
    """The saved transform of a job is damaged, or belongs to another job."""


@dataclasses.dataclass(frozen=True)
class Stages:
    """The stages of a job between reading and writing, loaded into this process."""

    transform: tft.TFTransformOutput
    texts: tuple[str, ...]
    engine: Engine
    config: EmbeddingConfig

    def embed(self, documents: pa.RecordBatch) -> pa.RecordBatch:
        """Embed documents as the job did; documents that are rejected now are left out."""
        tokenized = tokenize_part(documents, self.transform.transform_raw_features, self.texts)
        part = _not_rejected(tokenized)
        if not part.num_rows:
            return part
        wordpieces, is_valid = take_sequences(part)
        embeddings = embed_sequences(wordpieces, self.engine, self.config)
        shaping = self.config.shaping
        return _not_rejected(add_embeddings(part, is_valid, wordpieces, embeddings, shaping))


def load_stages(job: Job, path: Path) -> Stages:
    """Load the saved transform of a job and the model.

    Args:
        job: the job.
        path: folder of the module.

    Raises:
        TransformError: the saved transform cannot be loaded, or is not the job's.
        ValueError: the module cannot be run.
    """
    module = modules.inspect(path)
    try:
        fingerprint, _ = graphs.read_transform(job.config, module)
    except Exception as error:  # a damaged file raises many kinds of exceptions
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise TransformError(
            f"{TRANSFORM_FN}/: cannot be loaded: {rejects.detail(reason)}"
        ) from error
    if job.run.transform is None or fingerprint != job.run.transform.fingerprint:
        raise TransformError(f"{TRANSFORM_FN}/: is not the transform that {RUN_FILE} names")
    with readable_copy(job.folder) as copy:
        transform = tft.TFTransformOutput(copy)
        # This loads the transform while the copy exists.
        transform.transform_features_layer()
    return Stages(
        transform=transform,
        texts=graphs.wordpiece_config(job.config, module).texts,
        engine=loading.load(
            module, OutputSpec.of(job.config.features), job.config.compute.without_xla
        ),
        config=graphs.embedding_config(job.config, module),
    )


def _not_rejected(part: pa.RecordBatch) -> pa.RecordBatch:
    return part.filter(pc.is_null(part.column(REASON)))
