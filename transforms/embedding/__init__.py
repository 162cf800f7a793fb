"""Wordpieces to vectors, given a loaded model; documents of a part stay in order."""
