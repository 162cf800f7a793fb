"""What a terminal shows: help, messages of wrong usage, and the silence of libraries."""
