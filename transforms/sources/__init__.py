"""Readers, one file a format; `base.find` gets them by name."""
