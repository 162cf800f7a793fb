"""Batches of examples as a tf.data.Dataset; importing this imports TensorFlow."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from pipeline.training.columns_of_examples import Column, ColumnKind, Ragged, rows_of
from pipeline.training.example_batches import ExampleBatches
from pipeline.training.padding import pad_batches
from pipeline.training.read_settings import Reading

_Arrays = tuple[np.ndarray, ...]
# Runs of batches, and batches, that are made ahead.
_RUNS_AHEAD, _BATCHES_AHEAD = 1, 2


def make_dataset(reading: Reading, *, padded: bool) -> tf.data.Dataset:
    """Make a dataset of batches: dictionaries of tensors by column.

    A call of Python for each batch would take longer than its reading. So Python returns a run of
    many batches, and TensorFlow cuts it, which does not copy vectors.

    Args:
        reading: what to read.
        padded: whether columns of tokens are dense, with zeros after the last token, or ragged.
    """
    batches = ExampleBatches(reading)
    kinds = batches.kinds
    epochs = itertools.count()
    size = reading.batch_size if reading.drop_remainder else None
    arrays_of, tokens = (_padded_arrays, _dense) if padded else (_ragged_arrays, _ragged)

    def runs() -> Iterator[tuple[_Arrays, _Arrays]]:
        for columns in batches.read_runs(next(epochs)):
            yield arrays_of(columns.values(), min(rows_of(columns), reading.batch_size))

    signature = _specs(kinds.values(), size, padded=padded)
    dataset = tf.data.Dataset.from_generator(runs, output_signature=signature)
    dataset = _cut(dataset.prefetch(_RUNS_AHEAD), kinds, size, tokens)
    if batches.count is not None:
        dataset = dataset.apply(tf.data.experimental.assert_cardinality(batches.count))
    return dataset.prefetch(_BATCHES_AHEAD)


def _cut(
    runs: tf.data.Dataset,
    kinds: Mapping[str, ColumnKind],
    size: int | None,
    tokens: Callable[..., tf.Tensor | tf.RaggedTensor],
) -> tf.data.Dataset:
    """Cut runs into batches; `tokens` makes the columns of tokens.

    Functions of TensorFlow are called for each batch only if there are such columns, and not within
    `flat_map`, which would compile them again for each run.
    """
    if not any(kind.ragged for kind in kinds.values()):
        return runs.flat_map(lambda _, stacked: _slices(dict(zip(kinds, stacked, strict=True))))

    @tf.autograph.experimental.do_not_convert
    def assemble(
        parts: Sequence[tf.Tensor], values: Sequence[tf.Tensor]
    ) -> dict[str, tf.Tensor | tf.RaggedTensor]:
        rest, flat = iter(parts), iter(values)
        return {
            name: tokens((size, None, *kind.shape), next(flat), next(rest), next(rest))
            if kind.ragged
            else next(rest)
            for name, kind in kinds.items()
        }

    return runs.flat_map(_with_values).map(assemble)


def _slices(stacked: Any) -> tf.data.Dataset:
    return tf.data.Dataset.from_tensor_slices(stacked)


@tf.autograph.experimental.do_not_convert
def _with_values(values: Any, stacked: Any) -> tf.data.Dataset:
    """Return the rows of stacked arrays, each with the values of all batches, which are shared."""
    shared = tf.data.Dataset.from_tensors(values).repeat()
    return tf.data.Dataset.zip((_slices(stacked), shared))


def _ragged_arrays(columns: Iterable[Column], size: int) -> tuple[_Arrays, _Arrays]:
    """Return the arrays of a run of batches.

    Returns:
        the rows of all tokens, for each ragged column; and arrays with a row for each batch: of
        ragged columns the splits, and where in the rows the batch begins and ends; of other columns
        the values.
    """
    flat, stacked = [], []
    for column in columns:
        if isinstance(column, Ragged):
            firsts = column.splits[:-1].reshape(-1, size)
            bounds = np.stack([firsts[:, 0], column.splits[size::size]], axis=1)
            splits = np.concatenate([firsts, bounds[:, 1:]], axis=1)
            flat.append(column.values)
            stacked += [splits - bounds[:, :1], bounds[:, :, np.newaxis]]
        else:
            stacked.append(_in_batches(column, size))
    return tuple(flat), tuple(stacked)


def _padded_arrays(columns: Iterable[Column], size: int) -> tuple[_Arrays, _Arrays]:
    """Return arrays as `_ragged_arrays`, but the shape of the padded batch in place of splits."""
    flat, stacked = [], []
    for column in columns:
        if isinstance(column, Ragged):
            rows, longest = pad_batches(column, size)
            ends = np.cumsum(longest) * size
            bounds = np.stack([ends - longest * size, ends], axis=1)
            shape = np.full((len(longest), 1 + rows.ndim), (size, 0, *rows.shape[1:]), np.int64)
            shape[:, 1] = longest
            flat.append(rows)
            stacked += [shape, bounds[:, :, np.newaxis]]
        else:
            stacked.append(_in_batches(column, size))
    return tuple(flat), tuple(stacked)


def _in_batches(values: np.ndarray, size: int) -> np.ndarray:
    return values.reshape(-1, size, *values.shape[1:])


def _specs(
    kinds: Iterable[ColumnKind], size: int | None, *, padded: bool
) -> tuple[tuple[tf.TensorSpec, ...], tuple[tf.TensorSpec, ...]]:
    """Return the specs of the arrays of a run."""
    flat, stacked = [], []
    for kind in kinds:
        dtype = tf.string if kind.dtype == object else tf.as_dtype(kind.dtype)
        if kind.ragged:
            layout = 2 + len(kind.shape) if padded else size and size + 1
            flat.append(tf.TensorSpec([None, *kind.shape], dtype))
            stacked.append(tf.TensorSpec([None, layout], tf.int64))
            stacked.append(tf.TensorSpec([None, 2, 1], tf.int64))
        else:
            stacked.append(tf.TensorSpec([None, size, *kind.shape], dtype))
    return tuple(flat), tuple(stacked)


def _ragged(
    _: tuple[int | None, ...], values: tf.Tensor, splits: tf.Tensor, bounds: tf.Tensor
) -> tf.RaggedTensor:
    """Return a column of tokens of the batch whose rows of values lie within bounds."""
    rows = tf.strided_slice(values, bounds[0], bounds[1])
    return tf.RaggedTensor.from_row_splits(rows, splits, validate=False)


def _dense(
    static: tuple[int | None, ...], values: tf.Tensor, shape: tf.Tensor, bounds: tf.Tensor
) -> tf.Tensor:
    """Return a padded column of tokens, as `_ragged`; `static` is what is known of its shape."""
    rows = tf.reshape(tf.strided_slice(values, bounds[0], bounds[1]), shape)
    rows.set_shape(static)
    return rows
