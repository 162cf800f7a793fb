"""Read the records of a finished job in batches, to train models on them."""
