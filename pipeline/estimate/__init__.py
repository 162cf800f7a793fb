"""What a job will cost, from a sample: bytes, seconds, precision, price."""
