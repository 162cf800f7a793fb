"""Check a job's saved transform against one made from the module."""

from collections.abc import Callable

import pyarrow as pa
import tensorflow as tf
import tensorflow_transform as tft

from pipeline import graphs
from pipeline.output.layout import RUN_FILE, TRANSFORM_FN
from pipeline.output.open_job import Job
from transforms import rejects
from transforms.bert.module import BertModule
from transforms.bert.vocabulary import SUFFIX_MARK, Vocabulary
from transforms.documents import documents_batch
from transforms.io.saved_transform import readable_copy
from transforms.tokenize import tokenize_part
from transforms.wordpiece.preprocessing import (
    LENGTH_QUANTILES,
    Tensors,
    WordpieceConfig,
    traced_inputs,
    transform_fingerprint,
)

Graph = Callable[[Tensors], Tensors]


class CheckedTransform:
    """The transform in the folder of a job, compared with one made afresh from the module.

    Attributes:
        fresh: from texts to BERT's inputs, made from the module's vocabulary.
        texts: the columns that it reads.
        faults: a line for each thing that is wrong with the saved one.
    """

    def __init__(self, job: Job, module: BertModule) -> None:
        config = graphs.wordpiece_config(job.config, module)
        self.fresh: Graph = traced_inputs(config, module.vocabulary)
        self.texts = config.texts
        self.faults = _run_faults(job, config, module.vocabulary)
        self._saved: Graph | None = None
        try:
            self._saved = _load(job.folder)
            self.faults += _quantile_faults(job, self._saved, self.texts)
            if not self.agrees_on(_a_document_for_each_token(module.vocabulary)):
                self.faults.append(f"{TRANSFORM_FN}/: its wordpieces are not those of the module")
        except Exception as error:  # a damaged file raises many kinds of exceptions
            self._saved = None
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            self.faults.append(f"{TRANSFORM_FN}/: cannot be loaded: {rejects.detail(reason)}")

    def agrees_on(self, documents: pa.RecordBatch) -> bool:
        """Return whether both give the same for documents; true if the saved one does not load."""
        if self._saved is None:
            return True
        saved = tokenize_part(documents, self._saved, self.texts)
        fresh = tokenize_part(documents, self.fresh, self.texts)
        # The other columns are those of the documents: a kept NaN is not equal to itself.
        names = [name for name in fresh.schema.names if name not in documents.schema.names]
        return bool(saved.select(names).equals(fresh.select(names)))


def _run_faults(job: Job, config: WordpieceConfig, vocabulary: Vocabulary) -> list[str]:
    expected = transform_fingerprint(config, vocabulary)
    if job.run.transform is not None and job.run.transform.fingerprint == expected:
        return []
    return [f"{RUN_FILE}: its transform is not that of the module's vocabulary"]


def _quantile_faults(job: Job, saved: Graph, texts: tuple[str, ...]) -> list[str]:
    learned = saved(dict.fromkeys(texts, tf.constant([""])))[LENGTH_QUANTILES]
    stored = job.run.transform.length_quantiles if job.run.transform else ()
    if tuple(learned.numpy()[0].tolist()) == stored:
        return []
    return [f"{RUN_FILE}: its quantiles of lengths are not those of {TRANSFORM_FN}/"]


def _load(folder: str) -> Graph:
    graphs.check_transform(folder)
    with readable_copy(folder) as copy, tf.device("/CPU:0"):
        transform = tft.TFTransformOutput(copy)
        # This loads the transform while the copy exists.
        transform.transform_features_layer()
    graph: Graph = transform.transform_raw_features
    return graph


def _a_document_for_each_token(vocabulary: Vocabulary) -> pa.RecordBatch:
    """Return a document for each token; one that continues a word follows a letter."""
    words = [
        f"a{token.removeprefix(SUFFIX_MARK)}" if token.startswith(SUFFIX_MARK) else token
        for token in vocabulary.tokens
    ]
    nothing = [None] * len(words)
    return documents_batch(
        ids=words,
        positions=range(len(words)),
        text=words,
        text_b=words,
        reasons=nothing,
        details=nothing,
    )
