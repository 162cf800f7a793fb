"""Measure the quality and the size of the vectors of documents on the test set of STS-B.

    python -m benchmarks.sts --pairs sts-test.csv

embeds both sentences of each pair with several settings, and prints a line for each: Spearman's
correlation of the cosines with the scores of people, and the bytes that the job wrote.

A line of the file of pairs has fields with tabs between them and no quotes: genre, file, year,
number, score, first sentence, second sentence, and possibly more. The test set has 1,379 pairs.
"""

import argparse
import dataclasses
import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from pipeline.console import quiet
from pipeline.evaluation.correlation import spearman

_SCORE, _FIRST, _SECOND = 4, 5, 6
# Settings of `embed`, and the feature whose vectors are compared.
_SETTINGS: tuple[tuple[str, dict[str, str]], ...] = (
    ("sentence", {"features": "sentence"}),
    ("mean", {"features": "mean"}),
    ("cls", {"features": "cls"}),
    ("pooled_output", {"features": "pooled_output"}),
    ("pooled_output", {"features": "pooled_output,sequence_output"}),
    ("sentence", {"features": "sentence", "precision": "bfloat16"}),
    ("mean", {"features": "mean", "precision": "bfloat16"}),
    ("sentence", {"features": "sentence", "dtype": "float16"}),
    ("sentence", {"features": "sentence", "dtype": "int8"}),
)


@dataclasses.dataclass(frozen=True)
class Pair:
    """Two sentences, and the mean score of people, from 0 (unrelated) to 5 (equal)."""

    score: float
    sentences: tuple[str, str]


@dataclasses.dataclass(frozen=True)
class StsFigures:
    """The figures of a setting.

    Attributes:
        settings: the flags that differ from the defaults.
        spearman: the correlation of the vectors' cosines with the scores.
        text_bytes, output_bytes: of the sentences, and of the record files.
    """

    settings: str
    spearman: float
    text_bytes: int
    output_bytes: int

    def to_text(self) -> str:
        """Return a line."""
        return (
            f"{self.settings:55} {self.spearman:.4f}  {self.output_bytes:12,} bytes  "
            f"{self.output_bytes / self.text_bytes:6.1f} times the text"
        )


def read_pairs(path: Path) -> list[Pair]:
    """Read a file of pairs.

    Raises:
        ValueError: a line has fewer than seven fields, or no score.
    """
    pairs = []
    for number, line in enumerate(path.read_text("utf-8").split("\n"), start=1):
        fields = line.rstrip("\r").split("\t")
        if len(fields) > _SECOND:
            pairs.append(Pair(float(fields[_SCORE]), (fields[_FIRST], fields[_SECOND])))
        elif line.strip():
            raise ValueError(f"{path}, line {number}: {len(fields)} fields; it must have seven")
    return pairs


def measure(pairs: Sequence[Pair], model: str) -> Iterator[StsFigures]:
    """Embed the sentences with each of the settings.

    Args:
        pairs: at least two with different scores.
        model: handle of the module.
    """
    from beam_bert import embed

    sentences = [sentence for pair in pairs for sentence in pair.sentences]
    scores = np.array([pair.score for pair in pairs])
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder, "sentences.jsonl")
        lines = (
            json.dumps({"id": str(number), "text": sentence})
            for number, sentence in enumerate(sentences)
        )
        corpus.write_text("\n".join(lines), "utf-8")
        for number, (feature, settings) in enumerate(_SETTINGS):
            output = Path(folder, str(number))
            result = embed(corpus, output, id_field="id", model=model, **settings)
            ids, vectors = result.load(feature)
            ordered = vectors[np.argsort(np.array(ids, int))]
            yield StsFigures(
                settings=" ".join(f"--{name} {value}" for name, value in settings.items()),
                spearman=spearman(_cosines(ordered[::2], ordered[1::2]), scores),
                text_bytes=sum(len(sentence.encode()) + 1 for sentence in sentences),
                output_bytes=_record_bytes(output),
            )


def _cosines(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    cosines: np.ndarray = (first * second).sum(axis=1) / lengths
    return cosines


def _record_bytes(output: Path) -> int:
    files = [path for family in ("pooled", "sequence") for path in output.glob(f"{family}/*-*")]
    return sum(path.stat().st_size for path in files)


def main() -> None:
    """Measure, and print a line for each of the settings."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=Path, required=True, metavar="FILE")
    parser.add_argument("--model", default="minilm")
    arguments = parser.parse_args()
    quiet.import_tensorflow()
    for figures in measure(read_pairs(arguments.pairs), arguments.model):
        print(figures.to_text(), flush=True)


if __name__ == "__main__":
    main()
