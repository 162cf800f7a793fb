"""The other PTransforms of a job, beside the four stages."""
