from collections.abc import Callable

import numpy as np
import pytest

from tests.transforms.embedding.test_distinct import flat
from tests.transforms.parts import EchoEngine
from transforms.batching.batches import BatchingConfig
from transforms.batching.token_sequences import TokenSequences
from transforms.bert.output_spec import Encoded
from transforms.dedup.repeat_table import hash_documents
from transforms.embedding.embed import EmbeddingConfig, embed_sequences
from transforms.embedding.part_embeddings import shape_documents
from transforms.records import dtypes
from transforms.records.postprocess import Shaping
from transforms.reuse.reused_vectors import ReusedVectors
from transforms.reuse.vector_table import VectorTable, sorted_piece

CONFIG = EmbeddingConfig(
    ("mean", "pooled_output"),
    batching=BatchingConfig(64, length_group=8),
    dtype="float16",
    shaping=Shaping(2, normalize=True),
)
DOCUMENTS = flat([([7, *range(n % 7), n], 1 + n % 2) for n in range(40)])
VOCABULARY = 39


def table_of(documents: TokenSequences, engine: EchoEngine) -> VectorTable:
    shaped = shape_documents(embed_sequences(documents, engine, CONFIG), CONFIG.shaping)
    stored = {
        name: dtypes.widen(dtypes.narrow(x, CONFIG.dtype)) for name, x in shaped.documents.items()
    }
    return VectorTable([sorted_piece(hash_documents(documents), stored)])


def stored_bytes(vectors: np.ndarray) -> bytes:
    return dtypes.narrow(vectors, CONFIG.dtype).values.tobytes()


def embed(table: VectorTable, engine: EchoEngine, documents: TokenSequences = DOCUMENTS) -> object:
    return ReusedVectors(table, engine, CONFIG, VOCABULARY).embed(documents, map)


@pytest.mark.parametrize("known", [(), range(0, 40, 3), range(40)])
def test_the_stored_bytes_are_those_of_a_job_from_nothing(known: range) -> None:
    table = table_of(DOCUMENTS.take(np.array(known, np.int64)), EchoEngine())
    made = embed(table, EchoEngine())
    assert made.reused == len(known)
    whole = embed(VectorTable(()), EchoEngine())
    assert whole.reused == 0
    for name, vectors in whole.documents.items():
        assert stored_bytes(made.documents[name]) == stored_bytes(vectors)


def test_documents_of_the_table_are_not_computed() -> None:
    engine = EchoEngine()
    reused = ReusedVectors(table_of(DOCUMENTS, EchoEngine()), engine, CONFIG, VOCABULARY)
    reused.embed(DOCUMENTS, map)
    batches = len(engine.shapes)
    assert reused.embed(DOCUMENTS, map).reused == 40
    assert len(engine.shapes) == batches


def test_failures_are_those_of_the_documents_that_are_computed() -> None:
    class Failing(EchoEngine):
        def run(self, input_ids: np.ndarray, *inputs: np.ndarray) -> Encoded[np.ndarray]:
            if (input_ids == 39).any():
                raise ValueError("no 39")
            return super().run(input_ids, *inputs)

    made = embed(table_of(DOCUMENTS.take(np.arange(30)), EchoEngine()), Failing())
    assert made.failed == {39: "no 39"}
    assert made.reused == 30


class Disturbed(EchoEngine):
    def __init__(self, disturb: Callable[[int], float]) -> None:
        super().__init__()
        self._disturb = disturb

    def run(self, input_ids: np.ndarray, *inputs: np.ndarray) -> Encoded[np.ndarray]:
        encoded = super().run(input_ids, *inputs)
        more = np.float32(self._disturb(len(input_ids)))
        return Encoded(encoded.pooled + more, encoded.sequence + more)


@pytest.mark.parametrize(
    ("disturb", "why"),
    [(lambda rows: 0.5 * rows, "depend on the other documents"), (lambda _: 0.5, "other bits")],
)
def test_nothing_is_taken_if_the_process_would_compute_other_bits(
    disturb: Callable[[int], float], why: str, caplog: pytest.LogCaptureFixture
) -> None:
    made = embed(table_of(DOCUMENTS, EchoEngine()), Disturbed(disturb))
    assert made.reused == 0
    assert why in caplog.text
    alone = embed(VectorTable(()), Disturbed(disturb))
    for name, vectors in alone.documents.items():
        assert vectors.tobytes() == made.documents[name].tobytes()


def test_pieces_are_accepted_one_by_one() -> None:
    one = table_of(DOCUMENTS.take(np.arange(20)), EchoEngine())
    other = table_of(DOCUMENTS.take(np.arange(20, 40)), Disturbed(lambda _: 0.5))
    made = embed(VectorTable([*one.pieces, *other.pieces]), EchoEngine())
    assert made.reused == 20
