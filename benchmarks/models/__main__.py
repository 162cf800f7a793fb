"""Compare the vectors of this program with those of the programs that models come from.

    python -m benchmarks.models
    python -m benchmarks.models hf-act-relu garden --output docs/decisions

Small models of every architecture, with weights that depend on the names of variables only, are
written by transformers, sentence-transformers and the TensorFlow model garden, which compute the
expected vectors of each input alone. This program loads each model as users do, computes the same
inputs in one padded batch by each engine and by the module's graph, and writes the largest
differences to `models.md` in the folder --output; if it exists, only its table is replaced. It ends
with an error if a model that is loaded has other vectors. The other programs are installed in
separate environments on first use.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks import machine, pages, processes
from benchmarks.models import environments
from benchmarks.models.cases import CASES, ENVIRONMENT_OF, Case
from benchmarks.peers.environment import OFFLINE, versions
from pipeline.console import quiet

# The largest difference that rounding may explain, in float32.
_TOLERANCE = 1e-4
_LEAST_COSINE = 0.999


def main() -> None:
    """Compare, and write the results."""
    arguments = _parse()
    arguments.output.mkdir(parents=True, exist_ok=True)
    page = arguments.output / "models.md"
    pages.check_page(page)
    chosen = [case for case in CASES if case.name.startswith(tuple(arguments.names))]
    models = arguments.environment / "models"
    used = _write_models(chosen, arguments.environment, models, arguments.reuse)
    quiet.import_tensorflow()
    from benchmarks.models import comparing, tables

    comparisons = []
    for case in chosen:
        comparisons.append(comparing.compare(models / case.name))
        print(f"{case.name:24}{comparisons[-1].summary}", flush=True)
    lines = [f"{machine.describe()}; {machine.today()}; {used}", ""]
    table = "\n".join(lines) + tables.markdown(chosen, comparisons)
    print(f"\n{table}")
    pages.place(table, page)
    print(f"\nwritten to {page}")
    different = [
        case.label
        for case, row in zip(chosen, comparisons, strict=True)
        if not (row.largest <= _TOLERANCE and (row.cosine or 1.0) >= _LEAST_COSINE)
    ]
    if different:
        raise SystemExit(f"other vectors: {', '.join(different)}")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="beginnings of names of models (all)", default=[""]
    )
    parser.add_argument(
        "--reuse", action="store_true", help="compare the models that an earlier call wrote"
    )
    parser.add_argument(
        "--environment",
        type=Path,
        default=processes.ROOT / ".proof",
        help="folder for the other programs and the models (.proof)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=processes.ROOT / ".proof" / "results",
        help="folder for models.md (.proof/results)",
    )
    arguments = parser.parse_args()
    names = [case.name for case in CASES]
    for given in arguments.names:
        if not any(name.startswith(given) for name in names):
            parser.error(f"{given}: not the beginning of a name; there are {', '.join(names)}")
    return arguments


def _write_models(cases: Sequence[Case], folder: Path, models: Path, reuse: bool) -> str:
    """Write the models by their programs, unless they are reused; return the versions of these."""
    used: dict[str, str] = {}
    for writer, name in ENVIRONMENT_OF.items():
        written = [case.name for case in cases if case.writer == writer]
        if written:
            environment = environments.ENVIRONMENTS[name]
            python = environments.prepare(environment, folder)
            if not reuse:
                print(f"writing {len(written)} models by {writer}", flush=True)
                words = [str(models.absolute()), *written]
                processes.run(f"benchmarks.models.writers.{writer}", words, python, OFFLINE)
            used |= versions(python, environment.packages)
    return ", ".join(f"{package} {number}" for package, number in used.items())


if __name__ == "__main__":
    main()
