"""Tokenize texts into BERT's wordpieces, with the byte range of each."""
