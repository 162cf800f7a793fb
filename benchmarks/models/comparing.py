"""Load a model with this program, and compare its vectors with the expected ones."""

import dataclasses
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.models import expected, loaded, texts
from benchmarks.models.expected import Expected
from benchmarks.peers.results import smallest_cosine
from transforms.bert.compute import ComputeConfig

if TYPE_CHECKING:
    from transforms.bert.engines import Engine

BFLOAT16 = "bfloat16"


@dataclasses.dataclass(frozen=True)
class Comparison:
    """How the vectors of a model differ from the expected ones.

    Attributes:
        computed: what computes it.
        pooled, tokens: the largest difference of any number, over the engines and the module's
            graph; None if there is nothing to compare.
        sentence: the largest difference, of the texts with the expected input_ids.
        cosine: the smallest cosine of a token's vector in bfloat16 and the expected one; None if
            it is not computed.
        ids: the number of texts with other input_ids; None if ids are not compared.
        refused: why the model is not loaded; an empty string if it is.
        notes: what is not computed, and why.
    """

    computed: str = ""
    pooled: float | None = None
    tokens: float | None = None
    sentence: float | None = None
    cosine: float | None = None
    ids: int | None = None
    refused: str = ""
    notes: tuple[str, ...] = ()

    @property
    def largest(self) -> float:
        """The largest of the differences."""
        values = (self.pooled, self.tokens, self.sentence)
        return max((value for value in values if value is not None), default=0.0)

    @property
    def summary(self) -> str:
        """What computes it and the largest difference, or why it is refused."""
        return self.refused or f"{self.computed}, {self.largest:.1e}"


def compare(folder: Path) -> Comparison:
    """Compare a model of a writer.

    Args:
        folder: has the folder `model` and the expected vectors.
    """
    wanted = expected.read(folder)
    notes: list[str] = []
    try:
        model = loaded.load(folder / "model", pooled=wanted.pooled is not None)
    except ValueError as error:
        return Comparison(refused=_short(error, folder))
    outputs = [_run(engine, wanted) for engine in model.engines]
    tokens = np.concatenate(wanted.tokens)
    same = _same_ids(model, wanted)
    sentence = None
    if wanted.sentence is not None:
        try:
            vectors = loaded.sentences(model, texts.TEXTS)
            sentence = _difference(vectors[same], wanted.sentence[same])
        except ValueError as error:
            notes.append(_short(error, folder))
    return Comparison(
        computed=model.computed,
        pooled=_largest(_difference(pooled, wanted.pooled) for pooled, _ in outputs),
        tokens=_largest(_difference(vectors, tokens) for _, vectors in outputs),
        sentence=sentence,
        cosine=_cosine(model, wanted),
        ids=int(np.sum(~same)) if wanted.texts else None,
        notes=tuple(notes),
    )


def _short(error: ValueError, folder: Path) -> str:
    text = str(error).replace(f"{folder}/", "").replace("\n", " ")
    # Imported modules are in folders with names drawn by chance.
    return re.sub(r"module-\w+/module", "module", text)


def _run(engine: "Engine", wanted: Expected) -> tuple[np.ndarray | None, np.ndarray]:
    """Return the pooled vectors, and those of all tokens, of all rows in one padded batch."""
    lengths = np.array([len(row) for row in wanted.input_ids])
    ids = np.zeros([len(lengths), lengths.max()], np.int32)
    segments = np.zeros_like(ids)
    mask = (np.arange(ids.shape[1]) < lengths[:, np.newaxis]).astype(np.int32)
    ids[mask > 0] = np.concatenate(wanted.input_ids)
    segments[mask > 0] = np.concatenate(wanted.segment_ids)
    encoded = engine.run(ids, mask, segments)
    sequence = np.asarray(encoded.sequence)[:, : ids.shape[1]]
    return encoded.pooled, sequence[mask > 0]


def _difference(vectors: np.ndarray | None, wanted: np.ndarray | None) -> float | None:
    """Return the largest difference; infinity for another shape or a NaN."""
    if wanted is None:
        return None
    if vectors is None or vectors.shape != wanted.shape:
        return np.inf
    return float(np.nan_to_num(np.abs(vectors - wanted), nan=np.inf).max())


def _largest(differences: Iterable[float | None]) -> float | None:
    return max((each for each in differences if each is not None), default=None)


def _cosine(model: loaded.Loaded, wanted: Expected) -> float | None:
    if not model.rebuilt:
        return None
    engine = loaded.load_engine(model, ComputeConfig("openvino", BFLOAT16))
    _, tokens = _run(engine, wanted)
    return smallest_cosine(tokens, np.concatenate(wanted.tokens))


def _same_ids(model: loaded.Loaded, wanted: Expected) -> np.ndarray:
    """Return which texts have the expected input_ids, bool [texts]."""
    rows = loaded.tokenize(model, texts.TEXTS, texts.MOST_TOKENS)
    pairs = zip(rows, wanted.input_ids[: wanted.texts], strict=False)
    return np.array([np.array_equal(row, other) for row, other in pairs], bool)
