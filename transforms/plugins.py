"""Plug-in folders: a module of such a package defines one object under a fixed name."""

import importlib
import pkgutil
from typing import Any


def load_plugins(package: str, attribute: str) -> dict[str, Any]:
    """Import the modules of a package, and return what they define under a name.

    Listing a package takes 1 to 3 ms: callers cache what they make of the result.

    Args:
        package: dotted name of the package.
        attribute: for instance `FORMAT`; modules without it are helpers, and are left out.

    Returns:
        the objects by the names of their modules, sorted by name.
    """
    path = importlib.import_module(package).__path__
    names = sorted(module.name for module in pkgutil.iter_modules(path))
    modules = {name: importlib.import_module(f"{package}.{name}") for name in names}
    return {
        name: getattr(module, attribute)
        for name, module in modules.items()
        if hasattr(module, attribute)
    }
