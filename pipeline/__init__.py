"""What runs at launch: the command line, the plan, the job, the manifest."""
