"""Plug-in folders in tests: count how often they are listed, and forget what is known."""

import pkgutil
from collections.abc import Iterator

import pytest

from transforms.plugins import Registry


def forget(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a registry list its package again; after the test it has its plug-ins of before."""
    known = registry.plugins
    monkeypatch.setitem(vars(registry), "plugins", known)
    del vars(registry)["plugins"]


def count_scans(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Forget the plug-ins of a registry; return the list of the scans from now on."""
    scans = []
    iter_modules = pkgutil.iter_modules

    def counted(path: list[str]) -> Iterator[pkgutil.ModuleInfo]:
        scans.append(path)
        return iter_modules(path)

    forget(registry, monkeypatch)
    monkeypatch.setattr(pkgutil, "iter_modules", counted)
    return scans
