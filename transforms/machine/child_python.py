"""Start a module of this package in another process, which imports from where this process does.

`python -m` alone puts the working directory first on `sys.path`: a folder `transforms` of the user
would replace ours in a worker, although the job itself, the program `beam-bert`, has the right one.
"""

import os
import sys
import sysconfig


def command(module: str) -> list[str]:
    """Return the command that runs a module, without the working directory on its `sys.path`."""
    return [sys.executable, "-P", "-m", module]


def environment() -> dict[str, str]:
    """Return the variables by which the module is found where this process found it.

    They name the folders that this process searches before the standard library: the folder of its
    script, and those of PYTHONPATH. The others are the same for each process of this Python.
    """
    library = sysconfig.get_path("stdlib")
    end = sys.path.index(library) if library in sys.path else len(sys.path)
    places = [os.path.abspath(place) for place in sys.path[:end] if not place.endswith(".zip")]
    return {"PYTHONPATH": os.pathsep.join(dict.fromkeys(places))}
