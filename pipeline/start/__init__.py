"""Start a job: a new one, or one whose transform or run.json has to be made again.

Its graphs are run here, too. Modules of this package import Beam and TensorFlow.
"""
