"""Measure time and memory by the number of documents.

    python -m benchmarks.scaling

embeds 10^3, 10^4, 10^5 and 10^6 documents of some 12 wordpieces with a module of 2 layers and
random weights, each in a separate process, and writes a table and a plot to --output: seconds
without start-up, start-up, peak memory. The slope is of the logarithms of time and documents,
without the smallest job; 1 is linear.
"""

import argparse
import math
import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import drawing, machine, modules, pages, processes, prose
from transforms.bert.shape import BertShape

_SIZES = (10**3, 10**4, 10**5, 10**6)
_WORDS = 9
_SHAPE = BertShape(
    layers=2,
    heads=2,
    hidden_size=64,
    intermediate_size=256,
    positions=128,
    vocab_size=30_522,
    segments=2,
)


def main() -> None:
    """Measure, and write the table and the plot."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=_SIZES, metavar="DOCUMENTS")
    parser.add_argument(
        "--output",
        type=Path,
        default=processes.ROOT / "docs" / "decisions",
        help="folder for scaling.md and scaling.svg (docs/decisions)",
    )
    arguments = parser.parse_args()
    drawing.check()
    pages.check_page(arguments.output / "scaling.md")
    module = modules.random_module("two-layers", _SHAPE)
    runs = [_measure(size, module) for size in arguments.sizes]
    slope = fit_slope(runs)
    where = f"{machine.describe()}; {machine.today()}"
    text = f"{where}; slope {slope:.3f}\n\n{_table(runs)}"
    print(text)
    pages.place(text, arguments.output / "scaling.md")
    _plot(runs, slope, where, arguments.output / "scaling.svg")


def _measure(size: int, module: Path) -> dict[str, Any]:
    """Embed a number of documents."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "corpus.txt"
        prose.write_lines(path, draw_short(size))
        launched = time.time()
        words = ["--input", str(path), "--model", str(module), "--features", "pooled_output,mean"]
        result = processes.run("benchmarks.jobs", [*words, "--max_output_gb", "10"])
    if result["documents"] != size:
        raise SystemExit(f"{result['documents']} of {size} documents were embedded")
    result["startup"] = result["began"] - launched
    speed = size / result["seconds"]
    print(
        f"  {size:>9,} documents  {result['seconds']:8.2f} s  {speed:,.0f} documents/s", flush=True
    )
    return result


def draw_short(count: int) -> list[str]:
    """Draw short documents, which differ since each ends in its number."""
    words = " ".join(prose.draw_documents(2000)).split()
    draw = random.Random(count)  # noqa: S311  (not for secrets)
    starts = (draw.randrange(len(words) - _WORDS) for _ in range(count))
    return [
        f"{' '.join(words[start : start + _WORDS])} {number}" for number, start in enumerate(starts)
    ]


def fit_slope(runs: Sequence[dict[str, Any]]) -> float:
    """Fit a line to the logarithms of time and documents, without the smallest job.

    >>> round(fit_slope([{"documents": n, "seconds": n / 500} for n in (10, 100, 1000)]), 6)
    1.0
    """
    larger = runs[1:]
    if len(larger) < 2:
        return math.nan
    documents = np.log([run["documents"] for run in larger])
    return float(np.polyfit(documents, np.log([run["seconds"] for run in larger]), 1)[0])


def _table(runs: Sequence[dict[str, Any]]) -> str:
    head = ["documents", "tokens", "seconds", "documents/s", "start-up s", "peak MB"]
    lines = [
        [
            f"{run['documents']:,}",
            f"{run['tokens']:,}",
            f"{run['seconds']:.2f}",
            f"{run['documents'] / run['seconds']:,.0f}",
            f"{run['startup']:.1f}",
            f"{run['peak_mb']:,.0f}",
        ]
        for run in runs
    ]
    return pages.table(head, lines)


def _plot(runs: Sequence[dict[str, Any]], slope: float, where: str, path: Path) -> None:
    pyplot = drawing.pyplot()
    figure, (times, memory) = pyplot.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    sizes = [run["documents"] for run in runs]
    times.loglog(sizes, [run["seconds"] for run in runs], "o-", color=drawing.OURS)
    times.set_title(f"seconds without start-up, slope {slope:.3f}", color=drawing.INK)
    memory.semilogx(sizes, [run["peak_mb"] for run in runs], "o-", color=drawing.OURS)
    memory.set_ylim(0, None)
    memory.set_title("peak memory, MB", color=drawing.INK)
    for axes in (times, memory):
        axes.set_xlabel("documents", color=drawing.INK)
        axes.grid(color=drawing.THEIRS, alpha=0.4)
        axes.spines[["top", "right"]].set_visible(False)
    figure.supxlabel(where, fontsize="small", color=drawing.INK)
    drawing.save(figure, path)


if __name__ == "__main__":
    main()
