"""The measured processes. Those of the others import nothing of `pipeline` and `transforms`."""
