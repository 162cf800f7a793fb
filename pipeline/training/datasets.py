"""Datasets of TensorFlow and PyTorch over the records of a finished job."""

import os
from typing import TYPE_CHECKING, Any, Unpack

from pipeline.training.read_settings import Reading, ReadSettings
from transforms.records.record_content import POOLED, SEQUENCE

if TYPE_CHECKING:
    import tensorflow as tf
    from torch.utils.data import IterableDataset

_Path = str | os.PathLike[str]


def read_pooled(
    folder: _Path, batch_size: int = 128, **settings: Unpack[ReadSettings]
) -> "tf.data.Dataset":
    """Read the vectors of documents as a tf.data.Dataset of batches.

    Args:
        folder: output folder of a finished `embed`.
        batch_size: documents of a batch.
        settings: see `ReadSettings`.

    Returns:
        dictionaries of tensors: `id` string [batch], vectors float32 [batch, hidden], counts int64
        [batch], kept fields [batch] of their stored type.

    Raises:
        ValueError: the job is not finished, has no such records, or a setting is wrong.
    """
    from pipeline.training.tensorflow_dataset import make_dataset

    return make_dataset(Reading(os.fspath(folder), POOLED, batch_size, **settings), padded=False)


def read_sequences(
    folder: _Path, batch_size: int = 32, *, padded: bool = False, **settings: Unpack[ReadSettings]
) -> "tf.data.Dataset":
    """Read the vectors of tokens as a tf.data.Dataset of batches.

    Args:
        folder: output folder of a finished `embed`.
        batch_size: documents of a batch.
        padded: whether columns of tokens are dense, with zeros after the last token of a document;
            `num_tokens` says how many it has.
        settings: see `ReadSettings`.

    Returns:
        dictionaries of tensors as of `read_pooled`, but for the vectors: `input_ids` int64 [batch,
        (tokens)], `sequence_output` float32 [batch, (tokens), hidden], `layers`, `offsets` int64
        [batch, (tokens), 2], `tokens` string [batch, (tokens)]; ragged unless `padded`.

    Raises:
        ValueError: the job is not finished, has no such records, or a setting is wrong.
    """
    from pipeline.training.tensorflow_dataset import make_dataset

    reading = Reading(os.fspath(folder), SEQUENCE, batch_size, **settings)
    return make_dataset(reading, padded=padded)


def torch_pooled(
    folder: _Path, batch_size: int = 128, **settings: Unpack[ReadSettings]
) -> "IterableDataset[dict[str, Any]]":
    """Read the vectors of documents as an IterableDataset of batches, without TensorFlow.

    Give it to a DataLoader with `batch_size=None`: its items are batches. The arguments and columns
    are those of `read_pooled`; text is a list of str.

    Raises:
        ValueError: the job is not finished, has no such records, or a setting is wrong.
        ModuleNotFoundError: torch is not installed.
    """
    reading = Reading(os.fspath(folder), POOLED, batch_size, **settings)
    return _torch_batches(reading, padded=True)


def torch_sequences(
    folder: _Path, batch_size: int = 32, *, padded: bool = True, **settings: Unpack[ReadSettings]
) -> "IterableDataset[dict[str, Any]]":
    """Read the vectors of tokens as an IterableDataset of batches, without TensorFlow.

    As `torch_pooled`; the columns are those of `read_sequences`. Those of tokens are padded with
    zeros, or nested tensors of the jagged layout if not `padded`.

    Raises:
        ValueError: the job is not finished, has no such records, or a setting is wrong.
        ModuleNotFoundError: torch is not installed.
    """
    reading = Reading(os.fspath(folder), SEQUENCE, batch_size, **settings)
    return _torch_batches(reading, padded=padded)


def _torch_batches(reading: Reading, *, padded: bool) -> "IterableDataset[dict[str, Any]]":
    try:
        from pipeline.training.torch_dataset import TorchBatches
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise ModuleNotFoundError(
            'datasets of PyTorch need torch: pip install "beam-bert[torch]"', name="torch"
        ) from error
    return TorchBatches(reading, padded=padded)
