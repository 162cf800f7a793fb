"""Reuse the results of tf.Transform's analysis: the same texts and settings give the same result.

The analysis takes four seconds of a small job's six. Jobs of this process take it from here, if
any process of this run of the tests has done it before.
"""

import dataclasses
import functools
import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pipeline.inputs import sampling
from pipeline.inputs.plan import make_plan
from pipeline.job_context import JobContext
from pipeline.options.embed_config import InputConfig
from transforms.sources.base import ReadConfig

_FINGERPRINT = "fingerprint"


class AnalysisMemo:
    """Saved transforms by key, in a folder that several processes share."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Whether jobs learn from their own samples; see `own_sample`.
        self._samples_are_own = False
        # Keys of analyses whose result is still to be read, by output folder.
        self._begun: dict[str, Path] = {}

    def build_analyze(
        self, original: Callable[..., None], pipeline: object, context: JobContext, folder: str
    ) -> None:
        """Copy a known transform into the folder of the job, or learn it."""
        self._begun.pop(context.config.output, None)
        key = _key(context)
        if key is None or "://" in context.config.output:
            return original(pipeline, context, folder)
        if not (self._samples_are_own or context.config.input.read.pairs):
            context = self._with_fixed_sample(context)
            key = _key(context)
        known = self._folder / key
        self._begun[context.config.output] = known
        if not known.is_dir():
            return original(pipeline, context, folder)
        for path in known.iterdir():
            if path.is_dir():
                shutil.copytree(path, Path(folder) / path.name)
        return None

    def read_transform(
        self, original: Callable[..., tuple[str, list[int]]], config: Any, module: Any
    ) -> tuple[str, list[int]]:
        """Read the transform that a job has just learned, and remember it."""
        known = self._begun.pop(config.output, None)
        if known is not None and known.is_dir():
            fingerprint, *quantiles = (known / _FINGERPRINT).read_text().split()
            return fingerprint, [int(quantile) for quantile in quantiles]
        fingerprint, quantiles = original(config, module)
        if known is not None:
            _store(Path(config.output), known, (fingerprint, *quantiles))
        return fingerprint, quantiles

    @contextmanager
    def own_sample(self) -> Iterator[None]:
        """Make the jobs of the block learn from their own samples instead of the same text."""
        self._samples_are_own = True
        try:
            yield
        finally:
            self._samples_are_own = False

    def _with_fixed_sample(self, context: JobContext) -> JobContext:
        path = self._folder / "sample.txt"
        if not path.exists():
            whole = Path(tempfile.mkdtemp(dir=self._folder, prefix="sample-")) / path.name
            whole.write_text("".join(f"{'the cat sat ' * words}\n" for words in range(1, 30)))
            whole.rename(path)
        text = InputConfig((str(path),), "text", ReadConfig())
        # Lines of text have no fields that windows can repeat.
        rows = dataclasses.replace(context.config.rows, repeat_fields=())
        config = dataclasses.replace(context.config, input=text, rows=rows)
        return dataclasses.replace(context, config=config, splits=make_plan(text))


@contextmanager
def remembered(folder: Path) -> Iterator[AnalysisMemo]:
    """Take analyses from a folder, and put them there, while the block runs."""
    from pipeline import graphs

    memo = AnalysisMemo(folder)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("build_analyze", "read_transform"):
            original = getattr(graphs, name)
            # Under its name, for tests that replace it or read its signature.
            wrapped = functools.partial(getattr(memo, name), original)
            patch.setattr(graphs, name, functools.wraps(original)(wrapped))
        yield memo


def _store(output: Path, known: Path, result: Sequence[object]) -> None:
    copy = Path(tempfile.mkdtemp(dir=known.parent, prefix="new-"))
    for name in ("transform_fn", "transformed_metadata"):
        shutil.copytree(output / name, copy / name)
    (copy / _FINGERPRINT).write_text(" ".join(map(str, result)))
    try:
        copy.rename(known)
    except OSError:
        # Another process was faster.
        shutil.rmtree(copy)


def _key(context: JobContext) -> str | None:
    """Compute the name of what determines an analysis; None where that is not known."""
    from pipeline import graphs

    read, vocabulary = context.config.input.read, context.module.vocabulary
    settings = graphs.wordpiece_config(context.config, context.module)
    rows = context.config.rows
    cut = (rows, context.config.windows) if rows.are_windows else ()
    digest = hashlib.sha256(repr((settings, vocabulary.sha256, read, *cut)).encode())
    try:
        parts = sampling.read_parts(context.splits, read)
    except OSError:
        return None
    for part in parts:
        for name in settings.texts:
            digest.update(repr(part.column(name).to_pylist()).encode())
    return digest.hexdigest()
