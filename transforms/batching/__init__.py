"""Wordpieces to windows, and windows to batches with little padding."""
