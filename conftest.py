"""Tests whose extras are missing are skipped with a message, wherever they are."""

pytest_plugins = ["tests.missing_extras"]
