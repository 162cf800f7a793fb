"""Embed documents with a table of vectors that were computed before: compute only what it lacks.

The files that a job writes are those of a job from nothing. So a process takes vectors only if it
would compute the same bits: its engine must be invariant, and a few documents of each machine whose
vectors the table has are computed again and compared.
"""

import dataclasses
import logging
import os
import threading
from collections.abc import Mapping

import numpy as np

from transforms.batching.token_sequences import TokenSequences
from transforms.bert.engines import Engine
from transforms.dedup.repeat_table import hash_documents
from transforms.embedding.embed import EmbeddingConfig, PartEmbeddings, RunAll, embed_sequences
from transforms.embedding.invariance import is_invariant
from transforms.embedding.part_embeddings import shape_documents
from transforms.records.dtypes import narrow, widen
from transforms.reuse.vector_table import VectorTable

_LOG = logging.getLogger(__name__)
# Documents of each machine that are computed again, of different lengths.
_COMPARED = 4


@dataclasses.dataclass(frozen=True)
class ReuseConfig:
    """Which vectors are taken instead of being computed.

    Attributes:
        table: the folder of the table; no two jobs share one.
        vocab_size: number of the model's wordpieces.
    """

    table: str
    vocab_size: int


class ReusedVectors:
    """The table of vectors in a process, with what the process knows of its own bits."""

    def __init__(
        self, table: VectorTable, engine: Engine, config: EmbeddingConfig, vocab_size: int
    ) -> None:
        self._table = table
        self._engine = engine
        self._config = config
        self._accepted: dict[int, bool] = {}
        self._comparing = threading.Lock()
        if not is_invariant(engine, config, vocab_size):
            _LOG.warning(
                "Process %d takes no vectors from earlier parts: on this machine the last bits of "
                "a vector depend on the other documents of its batch",
                os.getpid(),
            )
            self._table = VectorTable(())

    def embed(self, sequences: TokenSequences, run_all: RunAll) -> PartEmbeddings:
        """Embed documents as `embed_sequences` does, and shape their vectors.

        Vectors of the table are stored ones, and have been shaped.
        """
        numbers, rows = self._look_up(sequences)
        missing = np.flatnonzero(numbers < 0)
        computed = self._compute(sequences.take(missing), run_all)
        documents = {}
        for name, vectors in computed.documents.items():
            documents[name] = np.empty([len(sequences), vectors.shape[1]], np.float32)
            documents[name][missing] = vectors
        self._table.copy_vectors(numbers, rows, documents)
        return dataclasses.replace(
            computed,
            documents=documents,
            reused=len(sequences) - len(missing),
            failed={int(missing[number]): error for number, error in computed.failed.items()},
        )

    def _compute(self, sequences: TokenSequences, run_all: RunAll = map) -> PartEmbeddings:
        computed = embed_sequences(sequences, self._engine, self._config, run_all)
        return shape_documents(computed, self._config.shaping)

    def _look_up(self, sequences: TokenSequences) -> tuple[np.ndarray, np.ndarray]:
        """Find documents in the table, as `VectorTable.look_up`, from accepted machines only."""
        numbers, rows = self._table.look_up(hash_documents(sequences))
        origins = self._table.origins(numbers)
        for origin in np.unique(origins[origins >= 0]).tolist():
            documents = np.flatnonzero(origins == origin)
            if not self._accepts(origin, sequences, documents, numbers, rows):
                numbers[documents] = -1
        return numbers, rows

    def _accepts(
        self,
        origin: int,
        sequences: TokenSequences,
        documents: np.ndarray,
        numbers: np.ndarray,
        rows: np.ndarray,
    ) -> bool:
        """Whether this process computes the bits of a machine, by the first documents from it."""
        with self._comparing:
            if origin not in self._accepted:
                some = _of_different_lengths(sequences, documents)
                computed = self._compute(sequences.take(some))
                stored = {name: np.empty_like(x) for name, x in computed.documents.items()}
                self._table.copy_vectors(numbers[some], rows[some], stored)
                self._accepted[origin] = not computed.failed and self._is_same(computed, stored)
                if not self._accepted[origin]:
                    _LOG.warning(
                        "Process %d computes other bits than the machine of some earlier parts, "
                        "and takes no vectors from them",
                        os.getpid(),
                    )
            return self._accepted[origin]

    def _is_same(self, computed: PartEmbeddings, stored: Mapping[str, np.ndarray]) -> bool:
        dtype = self._config.dtype
        return all(
            widen(narrow(vectors, dtype)).tobytes() == stored[name].tobytes()
            for name, vectors in computed.documents.items()
        )


def _of_different_lengths(sequences: TokenSequences, documents: np.ndarray) -> np.ndarray:
    """Select a few documents, from the shortest to the longest."""
    _, firsts = np.unique(np.diff(sequences.offsets)[documents], return_index=True)
    places = np.linspace(0, len(firsts) - 1, _COMPARED).astype(np.int64)
    some: np.ndarray = documents[firsts[np.unique(places)]]
    return some
