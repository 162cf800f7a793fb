"""Runners: this machine, clusters, Dataflow, and a pool of workers without containers."""
