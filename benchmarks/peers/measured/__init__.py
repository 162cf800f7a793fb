"""What is measured, each in a process of its own; those of the peers import nothing of ours."""
