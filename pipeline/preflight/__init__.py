"""Check what flags and paths alone decide, before Beam and TensorFlow are imported.

Each check raises the error that the command would raise later, by the same function. What passes is
checked again when the command comes to it.
"""
