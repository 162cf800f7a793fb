"""The splits of a plan in columns: a plan of a million splits is no million objects."""
