"""Make a model for serving of a finished or unfinished job."""
