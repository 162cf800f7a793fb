"""Put off Python's search for cyclic garbage while a large package is imported."""

import contextlib
import gc
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def importing(package: str) -> Iterator[None]:
    """Search for no cyclic garbage while the block imports a package.

    TensorFlow makes a million objects that stay. Python would go through them again and again: that
    takes a quarter of the import. Afterwards, later searches leave out what there is by then. If
    the package was imported before, or the search is off, nothing is changed.

    Args:
        package: its dotted name.
    """
    if package in sys.modules or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
