"""Serve queries as a job embedded its documents: a SavedModel, and a model without TensorFlow."""
