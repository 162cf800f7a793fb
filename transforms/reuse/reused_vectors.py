"""Embed documents with a table of vectors that were computed before: compute only what it lacks.

The files that a job writes are those of a job from nothing. So a process takes vectors only if it
would compute the same bits: its engine must be invariant, and a few documents of each piece of the
table are computed again and compared.
"""

import dataclasses
import logging
import os
import threading

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
# Documents of each piece that are computed again, of different lengths.
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
        """Find documents in the table, as `VectorTable.look_up`, in accepted pieces only."""
        numbers, rows = self._table.look_up(hash_documents(sequences))
        with self._comparing:
            self._compare_new_pieces(sequences, numbers, rows)
            refused = [number for number, is_same in self._accepted.items() if not is_same]
        numbers[np.isin(numbers, refused)] = -1
        return numbers, rows

    def _compare_new_pieces(
        self, sequences: TokenSequences, numbers: np.ndarray, rows: np.ndarray
    ) -> None:
        """Decide on pieces by the first documents that are found in them."""
        found = np.unique(numbers[numbers >= 0]).tolist()
        documents = [
            _of_different_lengths(sequences, np.flatnonzero(numbers == number))
            for number in found
            if number not in self._accepted
        ]
        if not documents:
            return
        some = np.concatenate(documents)
        is_same = self._are_same(sequences.take(some), numbers[some], rows[some])
        for number in np.unique(numbers[some]).tolist():
            self._accepted[number] = bool(is_same[numbers[some] == number].all())
        if not is_same.all():
            _LOG.warning(
                "Process %d computes other bits than the machine of some earlier parts, and takes "
                "no vectors from them",
                os.getpid(),
            )

    def _are_same(
        self, sequences: TokenSequences, numbers: np.ndarray, rows: np.ndarray
    ) -> np.ndarray:
        """Compute documents, and return which have the stored bits, bool [documents]."""
        computed = self._compute(sequences)
        stored = {name: np.empty_like(x) for name, x in computed.documents.items()}
        self._table.copy_vectors(numbers, rows, stored)
        is_same = np.ones(len(sequences), bool)
        is_same[list(computed.failed)] = False
        for name, vectors in computed.documents.items():
            rounded = widen(narrow(vectors, self._config.dtype))
            is_same &= (rounded.view(np.uint32) == stored[name].view(np.uint32)).all(axis=1)
        return is_same


def _of_different_lengths(sequences: TokenSequences, documents: np.ndarray) -> np.ndarray:
    """Select a few documents, from the shortest to the longest."""
    _, firsts = np.unique(np.diff(sequences.offsets)[documents], return_index=True)
    places = np.linspace(0, len(firsts) - 1, _COMPARED).astype(np.int64)
    some: np.ndarray = documents[firsts[np.unique(places)]]
    return some
