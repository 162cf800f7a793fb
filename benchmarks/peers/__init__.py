"""This job held against others that embed the same documents with the same weights."""
