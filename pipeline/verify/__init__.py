"""`verify`: prove that an output folder holds what it tells."""
