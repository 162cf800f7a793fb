import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.options.embed_config import EmbedConfig
from pipeline.verify.check_counts import count_faults
from tests.pipeline import corpus
from tests.pipeline.verify.damaging import check, edit_json, first
from tests.transforms.embedding.test_distinct import flat
from tests.transforms.parts import EchoEngine
from transforms.batching.batches import BatchingConfig
from transforms.batching.windows import WindowConfig
from transforms.embedding.embed import EmbeddingConfig, embed_sequences
from transforms.receipts import Receipt

NAMES = ("computed_tokens", "padded_tokens", "batches", "repeated", "repeated_elsewhere")


def config_of(stride: int = 0, group: int = 0, **settings: Any) -> EmbedConfig:
    windows, batching = WindowConfig(8, stride), BatchingConfig(20, length_group=group)
    config = corpus.config(["a.txt"], Path("out"), Path("model"), windows=windows)
    return dataclasses.replace(config, batching=batching, **settings)


def receipt_of(counts: dict[str, int], embedded: int, failed: int = 0) -> Receipt:
    counts = {"documents": embedded + failed, "embedded": embedded, "rejected": failed, **counts}
    reasons = {"model_failed": failed} if failed else {}
    return Receipt("a", 0, 1, True, "key", "part", counts, reasons, {}, (), "worker", 1.0)


@given(
    st.lists(st.lists(st.sampled_from([5, 6, 7]), max_size=12), max_size=9),
    st.sampled_from([0, 3]),
    st.sampled_from([0, 2, 8]),
)
def test_the_counts_of_any_part_are_right_and_no_others_are(
    documents: list[list[int]], stride: int, group: int
) -> None:
    config = config_of(stride, group)
    texts = [[2, *(ids if stride else ids[:6]), 3] for ids in documents]
    sequences = flat([(ids, len(ids)) for ids in texts])
    embedding = EmbeddingConfig(("mean",), config.windows, config.batching)
    embeddings = embed_sequences(sequences, EchoEngine(), embedding)
    counts = {name: getattr(embeddings, name) for name in NAMES}
    lengths = np.diff(sequences.offsets)
    assert count_faults(receipt_of(counts, len(texts)), lengths, config) == []
    for name in NAMES[:3] if not counts["repeated"] else ():
        wrong = receipt_of({**counts, name: counts[name] + 1}, len(texts))
        assert any(name in line for line in count_faults(wrong, lengths, config))


@pytest.mark.parametrize(
    ("counts", "line"),
    [
        ({"repeated": 3}, "repeated is 3 of 2 documents"),
        ({"reused": 3}, "reused is 3 of 2 documents"),
        ({"reused": 1, "repeated": 2}, "repeated is 2 of 1 documents"),
        ({"repeated": 1, "repeated_elsewhere": 2}, "repeated is 1 of 2 documents"),
        ({"repeated": 1, "computed_tokens": 9, "padded_tokens": 8}, "computed_tokens are more"),
        ({"repeated": 1, "batches": 9, "computed_tokens": 8, "padded_tokens": 8}, "batches are"),
        ({"repeated": 1, "repeated_elsewhere": 1}, "repeated_elsewhere is not 0"),
    ],
)
def test_counts_that_depend_on_the_texts_have_limits(counts: dict[str, int], line: str) -> None:
    faults = count_faults(receipt_of(counts, 2), np.array([4, 4]), config_of())
    assert faults[0].startswith(line)


def test_documents_on_which_the_model_fails_are_computed_too() -> None:
    counts = {"repeated": 2, "computed_tokens": 9, "padded_tokens": 4, "batches": 2}
    assert count_faults(receipt_of(counts, 1, failed=2), np.array([4]), config_of()) == []


def test_a_wrong_count_invalidates_its_part(out: Path) -> None:
    path = first(out, "receipts/*.json")
    edit_json(path, lambda receipt: receipt["counts"].update(batches=10**6))
    verdict = check(out)
    assert f"receipts/{path.name}" in verdict.invalidated
    assert any(line.startswith(f"receipts/{path.name}: batches ") for line in verdict.faults)
