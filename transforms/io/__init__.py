"""Read and write files on any file system: compression, encodings, framing, Arrow."""
