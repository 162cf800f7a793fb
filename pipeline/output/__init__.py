"""The output folder: its file names, who owns it, and what a job left in it."""
