"""Vectors of documents that an earlier part has computed, found by the digests of wordpieces."""
