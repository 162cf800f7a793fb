"""Folders of the project that tests read."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
DATA = ROOT / "tests/data"
SAMPLES = ROOT / "samples"
