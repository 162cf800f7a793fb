"""Take the vectors of documents from parts of an earlier job, or of an earlier generation."""
