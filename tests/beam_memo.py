"""Remember what Beam finds out again and again while it builds a graph.

Beam parses its options for each transform, and reads the signatures of a DoFn's methods for each
check of it: a third of a small job's time. Both depend on nothing else.
"""

import inspect
import types
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.transforms import core
from apache_beam.typehints import decorators


class _Signatures:
    """Signatures of methods, by the function that the class defines."""

    def __init__(self, read: Callable[[Any], inspect.Signature]) -> None:
        self._read = read
        self._known: weakref.WeakKeyDictionary[Any, inspect.Signature]
        self._known = weakref.WeakKeyDictionary()

    def get(self, function: Any) -> inspect.Signature:
        if not isinstance(function, types.MethodType):
            return self._read(function)
        if (known := self._known.get(function.__func__)) is None:
            known = self._known[function.__func__] = self._read(function)
        return known


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
    """Remember both while the block runs."""
    signatures, views = _Signatures(decorators.get_signature), _Views(PipelineOptions.view_as)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(core, "get_signature", signatures.get)
        patch.setattr(PipelineOptions, "view_as", lambda self, kind: views.get(self, kind))
        yield
