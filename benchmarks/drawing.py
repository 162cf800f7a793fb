"""Write plots as SVG with matplotlib, which the extra `benchmarks` installs."""

import importlib.util
from pathlib import Path
from typing import Any

OURS, THEIRS, INK = "#0b6e4f", "#9aa5b1", "#1f2933"


def check() -> None:
    """Exit with the remedy if matplotlib is not installed, before anything is measured."""
    if importlib.util.find_spec("matplotlib") is None:
        raise SystemExit("the plot needs matplotlib: pip install 'beam-bert[benchmarks]'")


def pyplot() -> Any:
    """Import matplotlib, for SVG."""
    import matplotlib

    matplotlib.use("svg")
    # Text stays text, and equal figures give equal files.
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "beam-bert"})
    from matplotlib import pyplot as imported

    return imported


def save(figure: Any, path: Path) -> None:
    """Write a figure."""
    figure.savefig(path, format="svg", metadata={"Date": None})
    pyplot().close(figure)
