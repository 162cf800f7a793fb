"""Writes of objects that happen only if the object is as the writer expects."""
