"""What a machine keeps between jobs: models, and what a job computes before its first document."""
