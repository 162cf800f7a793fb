"""Inputs to a plan: list files, detect formats, cut them into splits, type the kept fields."""
