"""Measure how well the vectors of a job find what people judged relevant, or similar."""
