"""Load a saved transform once, and trace the same settings once: the graphs are the same.

TensorFlow prepares a graph at its first call, for a second: as long as all else of a small job.
"""

import copy
import functools
import hashlib
import types
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tensorflow_transform import output_wrapper
from tensorflow_transform.beam import impl

from pipeline.estimate import tokenized_sample
from pipeline.verify import check_transform
from transforms.elements import embedder
from transforms.serving import exporting
from transforms.wordpiece import preprocessing


class _Graphs:
    """Graphs of saved transforms, by the content of their folders and the names of tensors."""

    def __init__(self, load: Callable[..., Any]) -> None:
        self._load = load
        self._known: dict[tuple[str, frozenset[str], frozenset[str]], Any] = {}

    def get(self, folder: str, inputs: Iterable[str], exclude: Iterable[str]) -> Any:
        """Load a graph as tf.Transform does, unless it is known."""
        if "://" in folder:
            return self._load(folder, inputs, exclude)
        key = _hash_files(Path(folder)), frozenset(inputs), frozenset(exclude)
        if key not in self._known:
            self._known[key] = self._load(folder, inputs, exclude)
        # tf.Transform compares the folder with that of the job.
        graph = copy.copy(self._known[key])
        graph.saved_model_dir = folder
        return graph


class _Loaders:
    """Loaded transforms for calls without Beam, by the content of their folders."""

    def __init__(self, load: Callable[[str], Any]) -> None:
        self._load = load
        self._known: dict[str, Any] = {}

    def get(self, folder: str) -> Any:
        """Load a transform, unless it is known."""
        if "://" in folder:
            return self._load(folder)
        key = _hash_files(Path(folder))
        if key not in self._known:
            self._known[key] = self._load(folder)
        return self._known[key]


@contextmanager
def remembered() -> Iterator[None]:
    """Remember the graphs while the block runs."""
    owner, loading = impl._RunMetaGraphDoFn, output_wrapper.saved_transform_io_v2
    loaders = _Loaders(loading.SavedModelLoader)
    # The program keeps the last one; jobs of tests have several settings in turn.
    traced = functools.cache(preprocessing.traced_inputs.__wrapped__)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, "_GraphStateV2", _Graphs(owner._GraphStateV2).get)
        # Not in the module itself: Beam's graphs fix the inputs of the loaders that they share.
        only = types.SimpleNamespace(SavedModelLoader=loaders.get)
        patch.setattr(output_wrapper, "saved_transform_io_v2", only)
        for module in (preprocessing, check_transform, embedder, exporting, tokenized_sample):
            patch.setattr(module, "traced_inputs", traced)
        yield


def _hash_files(folder: Path) -> str:
    # Not by the functions of the program, whose calls some tests count or make fail.
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder)}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()
