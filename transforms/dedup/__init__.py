"""The table of documents that occur several times in a corpus."""
