"""Generations of an output folder: the numbers, the files and the history of its manifests."""
