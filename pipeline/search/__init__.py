"""Search in the vectors of a job by cosine."""
