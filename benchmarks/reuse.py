r"""Measure jobs that take the vectors of an earlier job, against jobs from nothing.

    python -m benchmarks.reuse --documents 100000

embeds random short documents, and then the same ones in other files and another order, and in the
same files with 1% of them changed: with `--reuse` and from nothing, alternately, each in a separate
process. It prints seconds of the processor of whole processes, and fails if a file differs.
"""

import argparse
import hashlib
import json
import random
import resource
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import corpora, jobs, machine, pages, processes
from benchmarks.spread import Spread
from pipeline.console import quiet
from transforms import metrics
from transforms.bert.vocabulary import Vocabulary
from transforms.checkpoints import minilm

_WORDS = (3, 12)
_FILES, _OTHER_FILES = 10, 7
_CHANGED = 0.01
_FROM_NOTHING, _REUSING = "from nothing", "with --reuse"


def main() -> None:
    """Measure, and print a table; with the hidden flag --one, run one measured job."""
    if "--one" in sys.argv:
        words = [word for word in sys.argv[1:] if word != "--one"]
        print(json.dumps(_run(jobs.parser(__doc__).parse_args(words))))
        return
    parser = argparse.ArgumentParser(
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=1, help="runs of each job (1)")
    parser.add_argument("--folder", help="for corpora and outputs (default: a temporary one)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as place:
        lines = _measure(Path(place), arguments.documents, arguments.rounds)
    head = ["", "documents taken", *(f"s, {name}" for name in (_FROM_NOTHING, _REUSING)), "ratio"]
    print(f"\n{machine.describe()}; {machine.today()}\n\n{pages.table(head, lines)}")


def _measure(place: Path, documents: int, rounds: int) -> list[list[str]]:
    texts = _draw(place / "texts.txt", documents)
    new = _draw(place / "new.txt", max(1, round(_CHANGED * documents)))
    draw = random.Random(0)  # noqa: S311  (not for secrets)
    changed, shuffled = list(texts), draw.sample(texts, len(texts))
    for number, text in zip(draw.sample(range(documents), len(new)), new, strict=True):
        changed[number] = text
    earlier = _write(place / "earlier", texts, _FILES)
    _embed(earlier, place / "out")
    corpora_ = {
        "in the same order, 1% changed": _write(place / "changed", changed, _FILES),
        "all files shuffled": _write(place / "shuffled", shuffled, _OTHER_FILES),
    }
    return [_line(name, folder, place, rounds) for name, folder in corpora_.items()]


def _draw(path: Path, documents: int) -> list[str]:
    vocabulary = Vocabulary.from_bytes((minilm.weights_folder() / "vocab.txt").read_bytes())
    corpora.write_corpus(path, vocabulary, documents, _WORDS)
    return path.read_text("utf-8").splitlines()


def _write(folder: Path, texts: Sequence[str], files: int) -> Path:
    """Write texts to files, each with as many texts that follow each other."""
    folder.mkdir()
    each = -(-len(texts) // files)
    for number in range(files):
        lines = texts[number * each : (number + 1) * each]
        (folder / f"{number}.txt").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return folder


def _line(name: str, source: Path, place: Path, rounds: int) -> list[str]:
    """Run a job with and without the vectors of the earlier one, alternately."""
    flags = {_FROM_NOTHING: [], _REUSING: ["--reuse", str(place / "out")]}
    seconds: dict[str, list[float]] = {kind: [] for kind in flags}
    taken = 0
    for number in range(rounds):
        digests = set()
        for kind, words in list(flags.items())[:: -1 if number % 2 else 1]:
            result = _embed(source, place / f"{source.name}-{len(words)}-{number}", *words)
            print(f"  {name}, {kind}: {json.dumps(result)}", flush=True)
            seconds[kind].append(result["cpu"])
            digests.add(result["digest"])
            taken = max(taken, result[metrics.REUSED])
        if len(digests) > 1:
            raise SystemExit(f"{name}: the files differ")
    ratios = [one / other for one, other in zip(*(seconds[k] for k in flags), strict=True)]
    spreads = [Spread.of(seconds[kind]).to_text() for kind in flags]
    return [name, f"{taken:,}", *spreads, Spread.of(ratios).to_text(1)]


def _embed(source: Path, output: Path, *flags: str) -> dict[str, Any]:
    words = ["--one", "--input", str(source), "--output", str(output), "--features", "mean"]
    return processes.run("benchmarks.reuse", [*words, *flags])


def _run(arguments: argparse.Namespace) -> dict[str, Any]:
    quiet.import_tensorflow()
    from pipeline import job
    from pipeline.options import conversion

    values = {name: value for name, value in vars(arguments).items() if name != "one"}
    summary = job.run_job(conversion.embed_config(values))
    times = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    digest = hashlib.sha256()
    for part in summary.progress.parts:
        digest.update("".join(file.sha256 for file in part.files).encode())
    counts = summary.progress.counts()
    return {
        "cpu": round(sum(time.ru_utime + time.ru_stime for time in times), 1),
        "seconds": round(summary.seconds, 1),
        "peak_mb": round(processes.peak_mb()),
        metrics.DOCUMENTS: counts[metrics.DOCUMENTS],
        metrics.REUSED: counts.get(metrics.REUSED, 0),
        "digest": digest.hexdigest(),
        "stages": {name: round(one, 1) for name, one in summary.progress.seconds().items()},
    }


if __name__ == "__main__":
    main()
