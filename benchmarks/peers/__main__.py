"""Compare this package with others, on the same documents with the same weights.

    python -m benchmarks.peers
    python -m benchmarks.peers job-bfloat16 openvino --documents 1000 --rounds 1

runs the contenders alternately, each in a separate process, and writes `peers.md`, `peers.json` and
`peers.svg` to the folder --output: documents/s and wordpieces/s without start-up, start-up, peak
memory, and the ratio of our speed to theirs. If `peers.md` exists, only its table is replaced. All
contenders embed paragraphs and questions with all-MiniLM-L6-v2, cut to 128 wordpieces, and return
the mean of the token vectors, which is compared with ours; our job writes pooled_output too. The
packages of the others are installed in a separate environment on first use.
"""

import argparse
import hashlib
import platform
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import drawing, machine, pages, processes, prose
from benchmarks.peers import environment, rounds, tables
from benchmarks.peers.contenders import CONTENDERS
from benchmarks.peers.results import Row, rows

_OURS = ("apache-beam", "openvino", "tensorflow")
_THEIRS = (
    "apache-beam",
    "ctranslate2",
    "fastembed",
    "nncf",
    "onnxruntime",
    "openvino",
    "optimum-intel",
    "sentence-transformers",
    "torch",
)


def main() -> None:
    """Measure, and write the results."""
    arguments = _parse()
    drawing.check()
    arguments.output.mkdir(parents=True, exist_ok=True)
    pages.check_page(arguments.output / "peers.md")
    prepared = environment.prepare(arguments.environment)
    names = arguments.contenders or [contender.name for contender in CONTENDERS]
    chosen = [contender for contender in CONTENDERS if contender.name in names]
    documents = _documents(arguments)
    with tempfile.TemporaryDirectory() as folder:
        corpus = rounds.measure_corpus(documents, Path(folder))
        chosen = [rounds.with_fastest_batches(each, corpus, prepared) for each in chosen]
        runs, likenesses = [], {}
        for number in range(arguments.rounds):
            print(f"round {number + 1} of {arguments.rounds}", flush=True)
            order = chosen[:: -1 if number % 2 else 1]
            runs.append(rounds.run_round(order, corpus, prepared))
            likenesses = rounds.compare(chosen, corpus)
    results = rows(chosen, runs, likenesses)
    about = _about(arguments, corpus, prepared)
    _write(results, about, arguments.output)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = [contender.name for contender in CONTENDERS]
    parser.add_argument("contenders", nargs="*", metavar="NAME", help=f"of {', '.join(names)}")
    parser.add_argument("--documents", type=int, default=6000, help="number of documents (6000)")
    parser.add_argument(
        "--input", type=Path, default=None, help="documents to use instead, one per line"
    )
    parser.add_argument("--rounds", type=int, default=3, help="runs of each (3)")
    parser.add_argument(
        "--environment",
        type=Path,
        default=processes.ROOT / ".peers",
        help="folder for the packages and models of the others (.peers)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=processes.ROOT / ".peers" / "results",
        help="folder for peers.md, peers.json and peers.svg (.peers/results)",
    )
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.contenders) - set(names))
    if unknown:
        parser.error(f"{unknown[0]}: not a contender; choose from {', '.join(names)}")
    if arguments.rounds < 1 or arguments.documents < 1:
        parser.error("--rounds and --documents must be 1 or more")
    return arguments


def _documents(arguments: argparse.Namespace) -> Sequence[str]:
    if arguments.input is None:
        return prose.draw_documents(arguments.documents)
    lines = arguments.input.read_text("utf-8").splitlines()
    return [line for line in lines if line.strip()][: arguments.documents]


def _about(
    arguments: argparse.Namespace, corpus: rounds.Corpus, prepared: environment.Prepared
) -> dict[str, Any]:
    """Return the conditions of the measurement: date, machine, corpus and versions."""
    text = "\n".join(corpus.documents).encode()
    return {
        "date": machine.today(),
        "machine": machine.describe(),
        "python": platform.python_version(),
        "rounds": arguments.rounds,
        "documents": len(corpus.documents),
        "wordpieces": sum(corpus.lengths),
        "corpus_sha256": hashlib.sha256(text).hexdigest(),
        "versions": environment.versions(sys.executable, _OURS),
        "versions_of_peers": environment.versions(prepared.python, _THEIRS),
    }


def _write(results: Sequence[Row], about: dict[str, Any], output: Path) -> None:
    where = (
        f"{about['machine']}; {about['date']}; {about['rounds']} rounds; "
        f"{about['documents']:,} documents of {about['wordpieces'] / about['documents']:.0f} "
        "wordpieces on average"
    )
    versions = [
        f"{whose}: " + ", ".join(f"{name} {number}" for name, number in about[key].items())
        for whose, key in (("ours", "versions"), ("peers", "versions_of_peers"))
    ]
    table = tables.markdown(results, where) + "\n- " + "; ".join(versions)
    print(f"\n{table}")
    from benchmarks.peers import plots

    pages.place(table, output / "peers.md")
    tables.write_json(results, about, output / "peers.json")
    plots.plot(results, where, output / "peers.svg")
    print(f"\nwritten to {output}")


if __name__ == "__main__":
    main()
