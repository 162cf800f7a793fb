"""Folders of other releases: which of them this release opens."""
