"""Output formats, one file each; `output_format.find` returns them by name."""
