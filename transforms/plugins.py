"""Plug-in folders: a module of such a package defines one object under a fixed name."""

import functools
import importlib
import pkgutil
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

Plugin = TypeVar("Plugin")


class Registry(Generic[Plugin]):
    """The plug-ins of a package by name, in order; a plug-in has the name of its module.

    The package is listed and imported when it is first asked for, once a process: listing takes 1
    to 3 ms, and a plan asks once a file.
    """

    def __init__(
        self,
        package: str,
        attribute: str,
        kind: str,
        rank: Callable[[Plugin], int] = lambda _: 0,
    ) -> None:
        """Describe a plug-in folder; nothing is imported.

        Args:
            package: dotted name of the package.
            attribute: for instance `FORMAT`; modules without it are helpers, and are left out.
            kind: what a plug-in is, for messages.
            rank: plug-ins are ordered by their rank, those of one rank by name.
        """
        self._package = package
        self._attribute = attribute
        self._kind = kind
        self._rank = rank

    @functools.cached_property
    def plugins(self) -> Mapping[str, Plugin]:
        """The plug-ins by name, in order."""
        named = load_plugins(self._package, self._attribute)
        return dict(sorted(named.items(), key=lambda item: (self._rank(item[1]), item[0])))

    def names(self) -> tuple[str, ...]:
        """Return the names of the plug-ins, in order."""
        return tuple(self.plugins)

    def find(self, name: str) -> Plugin:
        """Return the plug-in of a name.

        Raises:
            ValueError: no plug-in has that name.
        """
        try:
            return self.plugins[name]
        except KeyError:
            known = ", ".join(self.names())
            raise ValueError(f"no {self._kind} {name!r}; there are {known}") from None


def load_plugins(package: str, attribute: str) -> dict[str, Any]:
    """Import the modules of a package, and return what they define under a name.

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
