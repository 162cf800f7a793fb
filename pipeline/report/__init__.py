"""Draw the report of a job, and write the files of the Embedding Projector."""
