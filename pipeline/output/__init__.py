"""The output folder: its file names, its plan and run files, and checks before a job uses it."""
