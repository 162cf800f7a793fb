"""Cut documents into windows, and windows into batches with little padding."""
