"""Input formats, one file each; `base.find` returns them by name."""
