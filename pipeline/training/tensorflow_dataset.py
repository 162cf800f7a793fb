"""Batches of examples as a tf.data.Dataset; importing this imports TensorFlow."""

import itertools
from collections.abc import Iterator, Mapping

import numpy as np
import tensorflow as tf

from pipeline.training.columns_of_examples import Column, ColumnKind, Ragged
from pipeline.training.example_batches import ExampleBatches
from pipeline.training.read_settings import Reading
from transforms.documents import ID

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
    epochs = itertools.count()

    def runs() -> Iterator[tuple[np.ndarray, ...]]:
        for columns in batches.read_runs(next(epochs)):
            yield tuple(array for column in columns.values() for array in _arrays(column))

    @tf.autograph.experimental.do_not_convert
    def cut(*tensors: tf.Tensor) -> tf.data.Dataset:
        return _batches(_assemble(batches.kinds, tensors), reading, padded=padded)

    signature = tuple(spec for kind in batches.kinds.values() for spec in _specs(kind))
    dataset = tf.data.Dataset.from_generator(runs, output_signature=signature)
    dataset = dataset.prefetch(_RUNS_AHEAD).flat_map(cut)
    if batches.count is not None:
        dataset = dataset.apply(tf.data.experimental.assert_cardinality(batches.count))
    return dataset.prefetch(_BATCHES_AHEAD)


def _arrays(column: Column) -> tuple[np.ndarray, ...]:
    """Return the arrays of a column, of the specs of its kind."""
    return column if isinstance(column, Ragged) else (column,)


def _specs(kind: ColumnKind) -> list[tf.TensorSpec]:
    dtype = tf.string if kind.dtype == object else tf.as_dtype(kind.dtype)
    values = tf.TensorSpec([None, *kind.shape], dtype)
    return [values, tf.TensorSpec([None], tf.int64)] if kind.ragged else [values]


def _assemble(
    kinds: Mapping[str, ColumnKind], tensors: tuple[tf.Tensor, ...]
) -> dict[str, tf.Tensor | Ragged]:
    """Return the tensors by column."""
    remaining = iter(tensors)
    return {
        name: Ragged(next(remaining), next(remaining)) if kind.ragged else next(remaining)
        for name, kind in kinds.items()
    }


def _batches(
    run: Mapping[str, tf.Tensor | Ragged], reading: Reading, *, padded: bool
) -> tf.data.Dataset:
    """Cut a run into batches. The run has a multiple of the batch size, or is less than a batch."""
    rows = tf.shape(run[ID])[0]
    size = tf.constant(reading.batch_size) if reading.drop_remainder else None
    size = tf.minimum(rows, reading.batch_size) if size is None else size
    stacked = {}
    for name, column in run.items():
        if isinstance(column, Ragged):
            # The last split of a batch is the first of the next one.
            firsts = tf.reshape(column.splits[:-1], [-1, size])
            stacked[name] = tf.concat([firsts, column.splits[size::size, tf.newaxis]], axis=1)
        else:
            stacked[name] = tf.reshape(column, [-1, size, *column.shape[1:]])
    values = {name: column.values for name, column in run.items() if isinstance(column, Ragged)}
    dataset = tf.data.Dataset.from_tensor_slices(stacked)
    if not values:
        return dataset

    @tf.autograph.experimental.do_not_convert
    def with_tokens(batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor | tf.RaggedTensor]:
        return batch | {
            name: _tokens(batch[name], flat, padded=padded) for name, flat in values.items()
        }

    return dataset.map(with_tokens)


def _tokens(splits: tf.Tensor, values: tf.Tensor, *, padded: bool) -> tf.Tensor | tf.RaggedTensor:
    """Return a column of tokens of the batch whose documents begin at `splits`."""
    ragged = tf.RaggedTensor.from_row_splits(
        values[splits[0] : splits[-1]], splits - splits[0], validate=False
    )
    return ragged.to_tensor() if padded else ragged
