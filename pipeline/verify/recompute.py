"""Compute the embeddings of documents again with a transform and an engine made afresh."""

import dataclasses
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import graphs
from pipeline.options.job_rows import text_rows
from pipeline.output.open_job import Job
from pipeline.verify.check_transform import CheckedTransform
from transforms.bert import loading
from transforms.bert import module as modules
from transforms.bert.engines import Engine
from transforms.documents import REASON
from transforms.embedding.embed import EmbeddingConfig, embed_sequences
from transforms.embedding.part_embeddings import (
    add_embeddings,
    shape_documents,
    take_sequences,
)
from transforms.rows.text_rows import TextRows
from transforms.tokenize import tokenize_part
from transforms.vector_widths import VectorWidths


@dataclasses.dataclass(frozen=True)
class Stages:
    """The stages of a job between reading and writing, loaded into this process.

    The transform is made from the module: that of the folder may be damaged.
    """

    transform: CheckedTransform
    rows: TextRows
    widths: VectorWidths
    engine: Engine
    config: EmbeddingConfig

    def embed(self, documents: pa.RecordBatch) -> pa.RecordBatch:
        """Embed rows as the job did; rows that are rejected now are left out."""
        tokenized = tokenize_part(documents, self.transform.fresh, self.transform.texts)
        part = _not_rejected(tokenized)
        if not part.num_rows:
            return part
        wordpieces, is_valid = take_sequences(part)
        computed = embed_sequences(wordpieces, self.engine, self.config)
        embeddings = shape_documents(computed, self.config.shaping)
        return _not_rejected(add_embeddings(part, is_valid, wordpieces, embeddings))


def load_stages(job: Job, path: Path) -> Stages:
    """Make the transform, compare that of the folder with it, and load the model.

    Args:
        job: the job.
        path: folder of the module.

    Raises:
        ValueError: the module cannot be run.
    """
    module = modules.inspect(path)
    return Stages(
        transform=CheckedTransform(job, module),
        rows=text_rows(job.config, module),
        widths=module.widths,
        engine=loading.load(
            module, module.outputs(job.config.features), job.config.compute.without_xla
        ),
        config=graphs.embedding_config(job.config, module),
    )


def _not_rejected(part: pa.RecordBatch) -> pa.RecordBatch:
    return part.filter(pc.is_null(part.column(REASON)))
