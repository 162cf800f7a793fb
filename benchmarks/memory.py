"""Measure whether memory grows with the corpus.

    python -m benchmarks.memory

embeds 10,000 and 100,000 short documents with a BERT of 2 layers and random weights, each in a
separate process, and prints the peak resident memory of both.
"""

import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import corpora
from pipeline.console import quiet
from transforms.bert.shape import BertShape
from transforms.bert.vocabulary import Vocabulary
from transforms.checkpoints import minilm

_SIZES = (10_000, 100_000)
_WORDS = (4, 20)
_SHAPE = BertShape(2, 2, 128, 512, 512, 30522, 2)


def main() -> None:
    """Measure; with the hidden flag --child, run one measured process."""
    if sys.argv[1:2] == ["--child"]:
        print(json.dumps(_embed(*sys.argv[2:])))
        return
    quiet.import_tensorflow()
    content = (minilm.weights_folder() / "vocab.txt").read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        module, peaks = Path(folder) / "module", []
        corpora.write_random_module(module, content, _SHAPE)
        for size in _SIZES:
            corpus = Path(folder) / f"{size}.txt"
            corpora.write_corpus(corpus, Vocabulary.from_bytes(content), size, _WORDS)
            arguments = [str(module), str(corpus), str(Path(folder) / f"out-{size}")]
            command = [sys.executable, "-m", "benchmarks.memory", "--child", *arguments]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            result = json.loads(done.stdout.splitlines()[-1])
            peaks.append(result["peak_mb"])
            print(f"{size:>9,} documents  {result['parts']:>4} parts  {peaks[-1]:>7,.0f} MB peak")
        print(f"ratio {peaks[1] / peaks[0]:.3f}")


def _embed(module: str, corpus: str, output: str) -> dict[str, float]:
    from pipeline import job
    from pipeline.options.embed_config import EmbedConfig, InputConfig
    from transforms.sources.base import ReadConfig

    read = ReadConfig(part_bytes=128 << 10)
    features = ("pooled_output", "sequence_output")
    config = EmbedConfig(InputConfig((corpus,), "auto", read), output, module, features=features)
    summary = job.run_job(config)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"peak_mb": peak, "parts": len(summary.progress.parts)}


if __name__ == "__main__":
    main()
