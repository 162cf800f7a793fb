"""Published weights, from the folders that people have to TF Hub modules."""
