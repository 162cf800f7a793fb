"""Tests whose extras are missing are skipped with a message, wherever they are."""

import importlib.util

pytest_plugins = ["tests.missing_extras"]
# Its doctests would import torch, which no extra of the tests brings: tests have a stand-in.
collect_ignore = [] if importlib.util.find_spec("torch") else ["pipeline/training/torch_dataset.py"]
