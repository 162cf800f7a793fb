"""Texts to wordpieces, exactly as BERT does it, and the byte offsets of each."""
