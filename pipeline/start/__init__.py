"""Start a job: a new one, or one whose transform or run.json has to be made again."""
