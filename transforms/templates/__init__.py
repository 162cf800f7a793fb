"""Texts that are composed of several fields of a record."""
