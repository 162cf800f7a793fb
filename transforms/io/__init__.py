"""Files and streams on any file system: storage, compression, encodings, framing, failures."""
