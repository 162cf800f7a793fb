"""The finished parts of a job: their receipts as columns, and what these add up to."""
