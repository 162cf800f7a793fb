"""Compare the estimates of `plan` with the job.

    python -m benchmarks.estimates

writes four kinds of corpora: short texts of random words, embedded with all token vectors; long
texts in windows; pages of very different lengths, truncated; and a skewed mix of languages in text,
gzip and JSON Lines, with some bad lines. The first two are small enough to be read whole, the
others are sampled. For each it runs the forecast, then the job, each in a separate process, and
prints bytes and seconds of both and their ratios.
"""

import argparse
import dataclasses
import gzip
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import corpora
from pipeline.console import quiet
from pipeline.options import flag_row, flags
from transforms.bert.vocabulary import Vocabulary
from transforms.checkpoints import minilm

_SAMPLES = Path(__file__).parents[1] / "samples"


@dataclasses.dataclass(frozen=True)
class Case:
    """A corpus, and the flags of its job."""

    write: Callable[[Path, int], None]
    size: int
    flags: tuple[str, ...]


def write_short(folder: Path, documents: int) -> None:
    """Write lines of 3 to 110 words."""
    corpora.write_corpus(folder / "short.txt", _vocabulary(), documents, (3, 110))


def write_long(folder: Path, documents: int) -> None:
    """Write lines of 2,000 to 8,000 words."""
    corpora.write_corpus(folder / "long.txt", _vocabulary(), documents, (2000, 8000))


def write_pages(folder: Path, documents: int) -> None:
    """Write three files of pages: of 2 to 60, of 2 to 600, and of 2 to 6,000 words."""
    for words in (60, 600, 6000):
        path = folder / f"{words}.txt"
        corpora.write_corpus(path, _vocabulary(), documents, (2, words))


def write_mixed(folder: Path, copies: int) -> None:
    """Write sentences in 41 languages to a text and a gzip, and articles as records, some cut."""
    draw = random.Random(copies)  # noqa: S311  (not for secrets)
    sentences = (_SAMPLES / "sentences.txt").read_text("utf-8").splitlines() * copies
    articles = (_SAMPLES / "articles.jsonl").read_text("utf-8").splitlines() * copies
    draw.shuffle(sentences)
    half = len(sentences) // 2
    (folder / "a.txt").write_text("\n".join(sentences[:half]), "utf-8")
    packed = gzip.compress("\n".join(sentences[half:]).encode(), 6)
    (folder / "b.txt.gz").write_bytes(packed)
    cut = [line if draw.random() < 0.95 else line[:20] for line in articles]
    (folder / "c.jsonl").write_text("\n".join(cut), "utf-8")


def _vocabulary() -> Vocabulary:
    return Vocabulary.from_bytes((minilm.weights_folder() / "vocab.txt").read_bytes())


CASES = {
    "short": Case(write_short, 8000, ()),
    "long": Case(write_long, 40, ("--features", "mean,pooled_output", "--window_stride", "64")),
    "pages": Case(write_pages, 2500, ("--features", "mean,sequence_output")),
    "mixed": Case(write_mixed, 60, ("--max_rejected", "1", "--keep_tokens")),
}


def main() -> None:
    """Measure; with the hidden flag --forecast, run one forecast."""
    started = time.monotonic()
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(CASES)}")
    if "--forecast" in sys.argv:
        _forecast([word for word in sys.argv[1:] if word != "--forecast"], started)
        return
    for name in parser.parse_args().cases or CASES:
        with tempfile.TemporaryDirectory() as folder:
            _compare(name, CASES[name], Path(folder))


def _compare(name: str, case: Case, folder: Path) -> None:
    (folder / "in").mkdir()
    case.write(folder / "in", case.size)
    words = ["--input", str(folder / "in"), "--output", str(folder / "out"), *case.flags]
    command = [sys.executable, "-m", "benchmarks.estimates", "--forecast", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    estimates = json.loads(done.stdout.splitlines()[-1])
    began = time.monotonic()
    subprocess.run([sys.executable, "-m", "pipeline", "embed", *words], check=True)
    seconds = time.monotonic() - began
    folders = ("pooled", "sequence", "rejected")
    files = [path for kind in folders for path in (folder / "out" / kind).glob("*")]
    written = sum(path.stat().st_size for path in files)
    print(f"{name}:")
    for unit, estimate, actual in (
        ("bytes", estimates["bytes"], written),
        ("seconds", estimates["seconds"], seconds),
    ):
        print(
            f"  {unit:8}{estimate:>16,.0f}  {actual:>16,.0f}  {estimate / actual:6.2f}", flush=True
        )


def _forecast(words: Sequence[str], started: float) -> None:
    from pipeline.options import conversion

    parser = argparse.ArgumentParser(allow_abbrev=False)
    flag_row.add_flags(parser, flags.FLAGS)
    config = conversion.embed_config(vars(parser.parse_args(words)))
    quiet.import_tensorflow()
    from pipeline.estimate import forecast

    result = forecast.forecast(config, started)
    print(json.dumps({"bytes": sum(result.bytes.values()), "seconds": result.seconds}))


if __name__ == "__main__":
    main()
