"""What this process computes now, for the display of progress."""
