"""Where a job runs: this machine, a cluster, Dataflow, and workers without containers."""
