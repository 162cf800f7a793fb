"""Estimate from a sample what a job will take: bytes, seconds, precision and price."""
