"""The table of flags, and conversions between flags and configurations."""
