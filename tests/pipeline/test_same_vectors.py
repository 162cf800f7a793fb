"""A step of another pipeline gives the vectors that the main job writes, for the default model."""

import json
import platform
from pathlib import Path

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that

from pipeline.api import embed
from pipeline.reader import iterate_sequences, load_embeddings
from transforms import BertEmbeddings
from transforms.bert.compute import fastest

pytestmark = pytest.mark.slow

TEXTS = [
    "Is it far?",
    "Nein, es ist nah.",
    "naïve café, 猫",
    "a " * 40,
    "Is it far?",
    "long " * 200,
]
FEATURES = ("mean", "pooled_output", "sequence_output")
# Elsewhere batches change the last bits.
HAS_EQUAL_BITS = fastest() == "openvino" and platform.machine() == "x86_64"


@pytest.mark.parametrize("settings", [{}, {"window_stride": 40, "max_seq_length": 64}])
def test_both_give_the_same_vectors(tmp_path: Path, settings: dict[str, int]) -> None:
    lines = [json.dumps({"id": str(n), "text": text}) for n, text in enumerate(TEXTS)]
    (tmp_path / "texts.jsonl").write_text("\n".join(lines))
    out = str(tmp_path / "out")
    embed(str(tmp_path / "texts.jsonl"), out, id_field="id", features=FEATURES, **settings)
    wanted: dict[str, dict[str, np.ndarray]] = {str(n): {} for n in range(len(TEXTS))}
    for name in FEATURES[:2]:
        for id_, vector in zip(*load_embeddings(out, name), strict=True):
            wanted[id_][name] = vector
    for sequence in iterate_sequences(out):
        wanted[sequence.id]["sequence_output"] = sequence.vectors

    most = 0 if HAS_EQUAL_BITS else 1e-6

    def check(rows: list) -> None:
        assert len(rows) == len(TEXTS)
        for row in rows:
            for name in FEATURES:
                np.testing.assert_allclose(row[name], wanted[row["id"]][name], rtol=0, atol=most)

    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        rows = pipeline | beam.Create([json.loads(line) for line in lines])
        assert_that(rows | BertEmbeddings(features=FEATURES, **settings), check)
