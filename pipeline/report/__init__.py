"""report.html and the Embedding Projector's files: pictures of what a job did."""
