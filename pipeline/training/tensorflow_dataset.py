"""Batches of examples as a tf.data.Dataset; importing this imports TensorFlow."""

import itertools
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import tensorflow as tf

from pipeline.training.columns_of_examples import Column, ColumnKind, Ragged, rows_of
from pipeline.training.example_batches import ExampleBatches
from pipeline.training.read_settings import Reading

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

    def runs() -> Iterator[tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]]:
        for columns in batches.read_runs(next(epochs)):
            size = min(rows_of(columns), reading.batch_size)
            yield _flat(columns.values()), _stacked(columns.values(), size)

    @tf.autograph.experimental.do_not_convert
    def cut(values: Sequence[tf.Tensor], stacked: tuple[tf.Tensor, ...]) -> tf.data.Dataset:
        @tf.autograph.experimental.do_not_convert
        def assemble(*parts: tf.Tensor) -> dict[str, tf.Tensor | tf.RaggedTensor]:
            flat, rest = iter(values), iter(parts)
            return {
                name: _tokens(next(flat), next(rest), next(rest), padded=padded)
                if kind.ragged
                else next(rest)
                for name, kind in kinds.items()
            }

        return tf.data.Dataset.from_tensor_slices(stacked).map(assemble)

    size = reading.batch_size if reading.drop_remainder else None
    dataset = tf.data.Dataset.from_generator(runs, output_signature=_specs(kinds.values(), size))
    dataset = dataset.prefetch(_RUNS_AHEAD).flat_map(cut)
    if batches.count is not None:
        dataset = dataset.apply(tf.data.experimental.assert_cardinality(batches.count))
    return dataset.prefetch(_BATCHES_AHEAD)


def _flat(columns: Iterable[Column]) -> tuple[np.ndarray, ...]:
    """Return the rows of all tokens of a run, for each ragged column."""
    return tuple(column.values for column in columns if isinstance(column, Ragged))


def _stacked(columns: Iterable[Column], size: int) -> tuple[np.ndarray, ...]:
    """Return arrays with a row for each batch: the values of a column, or its splits and bounds."""
    arrays: list[np.ndarray] = []
    for column in columns:
        if isinstance(column, Ragged):
            firsts = column.splits[:-1].reshape(-1, size)
            bounds = np.stack([firsts[:, 0], column.splits[size::size]], axis=1)
            splits = np.concatenate([firsts, bounds[:, 1:]], axis=1)
            arrays += [splits - bounds[:, :1], bounds[:, :, np.newaxis]]
        else:
            arrays.append(column.reshape(-1, size, *column.shape[1:]))
    return tuple(arrays)


def _specs(
    kinds: Iterable[ColumnKind], size: int | None
) -> tuple[tuple[tf.TensorSpec, ...], tuple[tf.TensorSpec, ...]]:
    """Return the specs of `_flat` and `_stacked`."""
    flat, stacked = [], []
    for kind in kinds:
        dtype = tf.string if kind.dtype == object else tf.as_dtype(kind.dtype)
        if kind.ragged:
            flat.append(tf.TensorSpec([None, *kind.shape], dtype))
            stacked.append(tf.TensorSpec([None, size and size + 1], tf.int64))
            stacked.append(tf.TensorSpec([None, 2, 1], tf.int64))
        else:
            stacked.append(tf.TensorSpec([None, size, *kind.shape], dtype))
    return tuple(flat), tuple(stacked)


def _tokens(
    values: tf.Tensor, splits: tf.Tensor, bounds: tf.Tensor, *, padded: bool
) -> tf.Tensor | tf.RaggedTensor:
    """Return a column of tokens of the batch whose rows of values lie within bounds."""
    rows = tf.strided_slice(values, bounds[0], bounds[1])
    ragged = tf.RaggedTensor.from_row_splits(rows, splits, validate=False)
    return ragged.to_tensor() if padded else ragged
