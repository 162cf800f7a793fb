"""Programs that write models and the vectors expected of them, each in its own environment."""
