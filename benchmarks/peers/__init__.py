"""Compare this package with others that embed the same documents with the same weights."""
