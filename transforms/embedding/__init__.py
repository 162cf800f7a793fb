"""Compute the vectors of documents with a loaded model; documents keep their order."""
