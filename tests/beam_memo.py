"""Remember what Beam finds out again and again while it builds and runs a graph.

Beam parses its options for each transform, and reads the methods of a DoFn for each check of it,
in the graph and in each bundle: half of a small job's time. All depend on nothing else.
"""

import bz2
import sys
import types
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from apache_beam.internal import cloudpickle_pickler
from apache_beam.internal.cloudpickle import cloudpickle
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.worker import statecache
from apache_beam.transforms import core, userstate

_Parameters = tuple[list[str], list[Any]]
_Specs = tuple[set[Any], set[Any]]


class _Methods:
    """Parameters of methods and their defaults, by the function that the class defines."""

    def __init__(self, read: Callable[[Any], _Parameters]) -> None:
        self._read = read
        self._known: weakref.WeakKeyDictionary[Any, _Parameters] = weakref.WeakKeyDictionary()

    def get(self, function: Any) -> _Parameters:
        if not isinstance(function, types.MethodType):
            return self._read(function)
        if (known := self._known.get(function.__func__)) is None:
            known = self._known[function.__func__] = self._read(function)
        names, defaults = known
        return [*names], [*defaults]


class _States:
    """States and timers of DoFns, by their class and by the code of a wrapped function."""

    def __init__(self, find: Callable[[Any], _Specs]) -> None:
        self._find = find
        self._known: dict[tuple[type, object], _Specs] = {}

    def get(self, dofn: core.DoFn) -> _Specs:
        function = None
        if isinstance(dofn, core.CallableWrapperDoFn):
            function = dofn._process_argspec_fn()
            if not _is_plain(function):
                return self._find(dofn)
        key = type(dofn), getattr(function, "__code__", None)
        if (known := self._known.get(key)) is None:
            known = self._known[key] = self._find(dofn)
        states, timers = known
        return {*states}, {*timers}


def _is_plain(function: object) -> bool:
    """Return whether a function or method has no defaults, which could name a state."""
    if isinstance(function, types.MethodType):
        function = function.__func__
    return isinstance(function, types.FunctionType) and not (
        function.__defaults__ or function.__kwdefaults__
    )


class _Submodules:
    """Imported modules that a function names as attributes of packages, by its code.

    cloudpickle looks at all imported modules for each package that a function uses.
    """

    def __init__(self, find: Callable[[types.CodeType, Iterable[object]], list[Any]]) -> None:
        self._find = find
        self._known: dict[tuple[types.CodeType, tuple[str, ...], int], list[Any]] = {}

    def get(self, code: types.CodeType, used: Iterable[object]) -> list[Any]:
        modules = [value for value in used if isinstance(value, types.ModuleType)]
        key = code, tuple(module.__name__ for module in modules), len(sys.modules)
        if key not in self._known:
            self._known[key] = self._find(code, modules)
        return [*self._known[key]]


class _Views:
    """Views of options, by the values that all views of them share."""

    def __init__(self, make: Callable[[PipelineOptions, type], PipelineOptions]) -> None:
        self._make = make
        # The values are kept too, so that no other values get their id.
        self._known: dict[tuple[int, type], tuple[dict, PipelineOptions]] = {}

    def get(self, options: PipelineOptions, kind: type) -> PipelineOptions:
        values = vars(options)["_all_options"]
        known = self._known.get((id(values), kind))
        if known is None:
            known = self._known[id(values), kind] = (values, self._make(options, kind))
        return known[1]


@contextmanager
def remembered() -> Iterator[None]:
    """Remember all while the block runs, and spare Beam the work that only large jobs repay."""
    methods, views = _Methods(core.get_function_args_defaults), _Views(PipelineOptions.view_as)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(core, "get_function_args_defaults", methods.get)
        patch.setattr(userstate, "get_dofn_specs", _States(userstate.get_dofn_specs).get)
        patch.setattr(PipelineOptions, "view_as", lambda self, kind: views.get(self, kind))
        # A side input's size is that of all it refers to, without all that modules refer to.
        patch.setattr(statecache, "get_deep_size", lambda *_: 1)
        submodules = _Submodules(cloudpickle._find_imported_submodules)
        patch.setattr(cloudpickle, "_find_imported_submodules", submodules.get)
        # The best compression allocates megabytes for each function of a graph.
        fast = types.SimpleNamespace(compress=_compress, decompress=bz2.decompress)
        patch.setattr(cloudpickle_pickler, "bz2", fast)
        yield


def _compress(content: bytes, compresslevel: int) -> bytes:
    del compresslevel
    return bz2.compress(content, 1)
