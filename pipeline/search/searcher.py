"""Search in the vectors of a job by texts."""

import dataclasses
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from pipeline.output.open_job import Job, open_job
from pipeline.search import nearest, query_model, vector_index
from pipeline.search.query_model import Announce, QueryConfig
from pipeline.vectors.folder_files import files_so_far
from pipeline.vectors.vector_folder import default_vector, open_vectors
from transforms.documents import ID
from transforms.io import file_systems

_LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Hit:
    """A record that a search found.

    Attributes:
        id: of the document.
        score: the cosine of its vector and that of the query.
        fields: the kept fields by name; None where the document has none.
    """

    id: str
    score: float
    fields: Mapping[str, Any]


class Searcher:
    """Finds the nearest documents of a job by cosine, exactly.

    The first search of a folder copies its vectors as float32 to the cache, and writes the model of
    queries there ($BEAM_BERT_CACHE, else ~/.cache/beam-bert). Later ones read them from there, and
    need neither the module nor, with OpenVINO, TensorFlow. A folder that has changed is copied
    again.

    Several threads may call it at once.

    Attributes:
        feature: the vectors that are compared.
        prompt: what is put before each text.
        notes: what a user should know of the vectors, in lines.
        index: the vectors, and the fields of the records.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        feature: str | None = None,
        *,
        prompt: str | None = None,
        model: str | None = None,
        generation: int | None = None,
        announce: Announce = _LOG.info,
    ) -> None:
        """Open the vectors of a job, and load the model of queries.

        Args:
            folder: output folder of `embed`; of a job that still runs, what it has finished.
            feature: of documents, such as `mean`; None for `sentence` if the job has it, else for
                its first one.
            prompt: what is put before each text: a text, or the name of one of the model's prompts;
                None for the model's prompt `query`, or for the prompt of the job if it has none.
            model: the current handle of the job's module, if it was moved.
            generation: the number of one that the folder keeps; None for the newest finished one.
            announce: takes a line about work that takes time.

        Raises:
            UsageError: the module is missing, the job was over pairs, or the cache cannot be
                written.
            ValueError: the folder is not one of a job, has no such feature, or is damaged.
            OSError: a file cannot be read or written.
        """
        folder = os.fspath(folder)
        file_systems.set_default_options([folder])
        job = open_job(folder)
        files = files_so_far(job.folder, generation)
        self.feature = feature or default_feature(job)
        vectors = open_vectors(job.folder, files, self.feature)
        queries = QueryConfig(self.feature, prompt, module=model)
        self._model = query_model.load(job, queries, announce)
        self.prompt = self._model.prompt
        self.index = vector_index.open_index(vectors, announce)
        self.notes = tuple(self._notes(files.pending))

    def search(self, text: str, k: int = 10) -> list[Hit]:
        """Return the k nearest documents to a text, the nearest first.

        Raises:
            ValueError: the text has no wordpieces, or k is not a whole number of 1 or more.
        """
        (hits,) = self.search_texts([text], k)
        return hits

    def search_texts(self, texts: Sequence[str], k: int = 10) -> list[list[Hit]]:
        """Return the k nearest documents to each text; raise as `search` does."""
        return list(self.nearest(self.embed(texts), k))

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return the vectors of texts, with length 1; float32 [texts, width].

        Raises:
            ValueError: a text has no wordpieces.
        """
        return self._model.embed(texts)

    def nearest(self, vectors: np.ndarray, k: int = 10) -> Iterator[list[Hit]]:
        """Iterate over the k nearest documents to each vector, the nearest first.

        Documents of the same score are in the order of the corpus.

        Args:
            vectors: float32 [queries, width], of any length.
            k: 1 or more.

        Raises:
            ValueError: k is not a whole number of 1 or more, or the vectors have another shape, or
                a value that is not finite.
        """
        # True is an int of Python, but no number of documents.
        if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
            raise ValueError(f"`k` is {k!r}; give a whole number of 1 or more")
        return (self._hits(scores, int(k)) for scores in self.scores(vectors))

    def scores(self, vectors: np.ndarray) -> Iterator[np.ndarray]:
        """Yield the cosines of each vector with all records; float32 [records].

        Args:
            vectors: float32 [queries, width].

        Raises:
            ValueError: the vectors have another shape, or a value that is not finite.
        """
        vectors, width = np.asarray(vectors, np.float32), self.index.vectors.shape[1]
        if vectors.ndim != 2 or (len(vectors) and vectors.shape[1] != width):
            raise ValueError(f"`vectors` is {list(vectors.shape)}; give [queries, {width}]")
        if not np.isfinite(vectors).all():
            raise ValueError("`vectors` has NaN or infinity, which have no cosine")
        return nearest.iterate_scores(self.index.vectors, nearest.normalized(vectors))

    def _notes(self, pending: int) -> Iterator[str]:
        if pending:
            yield f"the job is not finished: {pending:,} of the ranges of its input are missing"
        elif not len(self.index.vectors):
            yield "the job has no documents"
        if not self.index.had_length_one:
            yield f"the vectors of {self.feature} do not have length 1: their cosines are compared"
        if self.prompt:
            yield f"queries have the prompt {self.prompt!r}"

    def _hits(self, scores: np.ndarray, k: int) -> list[Hit]:
        rows = nearest.top(scores, k)
        # `take` would first copy whole columns, the kept texts of the corpus too.
        records = (self.index.rows.slice(row, 1).to_pylist()[0] for row in rows.tolist())
        return [
            Hit(record.pop(ID), score, record)
            for record, score in zip(records, scores[rows].tolist(), strict=True)
        ]


def default_feature(job: Job) -> str:
    """Return the feature that is searched unless the user names one.

    Raises:
        ValueError: the job has no vectors of documents.
    """
    default = default_vector(job.records.of_documents)
    if default is None:
        raise ValueError(
            f"{job.folder} has no vectors of documents: its --features are "
            f"{','.join(job.config.features)}; embed the corpus with sentence or mean among them"
        )
    return default
