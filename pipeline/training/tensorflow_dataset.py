"""Batches of examples as a tf.data.Dataset; importing this imports TensorFlow."""

import itertools
from collections.abc import Iterator, Mapping

import numpy as np
import tensorflow as tf

from pipeline.training.columns_of_examples import Column, ColumnKind, Ragged, pad
from pipeline.training.example_batches import ExampleBatches
from pipeline.training.read_settings import Reading

# Batches that are made ahead.
_AHEAD = 2


def make_dataset(reading: Reading, *, padded: bool) -> tf.data.Dataset:
    """Make a dataset of batches: dictionaries of tensors by column.

    Args:
        reading: what to read.
        padded: whether columns of tokens are dense, with zeros after the last token, or ragged.
    """
    batches = ExampleBatches(reading)
    epochs = itertools.count()

    def arrays() -> Iterator[tuple[np.ndarray, ...]]:
        for columns in batches.read(next(epochs)):
            yield tuple(
                array for column in columns.values() for array in _arrays(column, padded=padded)
            )

    @tf.autograph.experimental.do_not_convert
    def assemble(*tensors: tf.Tensor) -> dict[str, tf.Tensor | tf.RaggedTensor]:
        return _assemble(batches.kinds, tensors, padded=padded)

    signature = tuple(
        spec for kind in batches.kinds.values() for spec in _specs(kind, reading, padded=padded)
    )
    dataset = tf.data.Dataset.from_generator(arrays, output_signature=signature)
    dataset = dataset.map(assemble)
    if batches.count is not None:
        dataset = dataset.apply(tf.data.experimental.assert_cardinality(batches.count))
    return dataset.prefetch(_AHEAD)


def _arrays(column: Column, *, padded: bool) -> tuple[np.ndarray, ...]:
    """Return the arrays of a column, of the specs of its kind."""
    if not isinstance(column, Ragged):
        return (column,)
    return (pad(column),) if padded else (column.values, column.splits)


def _specs(kind: ColumnKind, reading: Reading, *, padded: bool) -> list[tf.TensorSpec]:
    dtype = tf.string if kind.dtype == object else tf.as_dtype(kind.dtype)
    rows = reading.batch_size if reading.drop_remainder else None
    if not kind.ragged:
        return [tf.TensorSpec([rows, *kind.shape], dtype)]
    if padded:
        return [tf.TensorSpec([rows, None, *kind.shape], dtype)]
    splits = None if rows is None else rows + 1
    return [tf.TensorSpec([None, *kind.shape], dtype), tf.TensorSpec([splits], tf.int64)]


def _assemble(
    kinds: Mapping[str, ColumnKind], tensors: tuple[tf.Tensor, ...], *, padded: bool
) -> dict[str, tf.Tensor | tf.RaggedTensor]:
    """Return the tensors by column."""
    remaining = iter(tensors)
    return {
        name: tf.RaggedTensor.from_row_splits(next(remaining), next(remaining), validate=False)
        if kind.ragged and not padded
        else next(remaining)
        for name, kind in kinds.items()
    }
