"""The formats of the output: names, schemas, writers and readers."""
