"""A folder of sentence-transformers, from texts to vectors, against its `encode`.

`tests/data/make_models_golden.py` says how folder and vectors were made.
"""

from pathlib import Path

import numpy as np

from benchmarks.models.texts import MOST_TOKENS, TEXTS
from tests.paths import DATA
from transforms.checkpoints import checkpoint_folders, importing
from transforms.elements.model_handler import BertModelHandler


def test_sentence_is_what_encode_returns(tmp_path: Path) -> None:
    checkpoint = checkpoint_folders.read_checkpoint(DATA / "models" / "st-small")
    importing.write_module(checkpoint, tmp_path / "module")
    handler = BertModelHandler(
        str(tmp_path / "module"), features=("sentence",), max_seq_length=MOST_TOKENS
    )
    results = handler.run_inference(TEXTS, handler.load_model())
    vectors = np.stack([result.inference["sentence"] for result in results])
    golden = np.load(DATA / "models_golden.npz", allow_pickle=False)["st-small/sentence"]
    np.testing.assert_allclose(vectors, golden, rtol=0, atol=1e-6)
    assert vectors.shape == (len(TEXTS), 24)
