"""Batches of examples as an IterableDataset of PyTorch; importing this imports torch."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch.utils.data import IterableDataset, get_worker_info

from pipeline.training.columns_of_examples import Column, Ragged
from pipeline.training.example_batches import ExampleBatches
from pipeline.training.padding import pad
from pipeline.training.read_settings import Reading


class TorchBatches(IterableDataset):
    """Batches as dictionaries: tensors by column, and lists of str for columns of text.

    A process of `torch.distributed` reads its equal range of the documents, and each worker of a
    DataLoader a range of that.
    """

    def __init__(self, reading: Reading, *, padded: bool) -> None:
        super().__init__()
        self._reading = reading
        self._padded = padded
        self._epochs = 0
        # Raises errors of the folder and of the settings where the dataset is made.
        ExampleBatches(reading)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        reading, epoch = self._reading, self._epochs
        self._epochs += 1
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            reading = reading.part(torch.distributed.get_rank(), torch.distributed.get_world_size())
        worker = get_worker_info()
        if worker is not None:
            reading = reading.part(worker.id, worker.num_workers)
            # A loader copies the dataset to its workers in each epoch, and draws a new seed.
            epoch += worker.seed - worker.id
        for columns in ExampleBatches(reading).read(epoch):
            yield {name: _value(column, padded=self._padded) for name, column in columns.items()}


def _value(column: Column, *, padded: bool) -> Any:
    """Return a tensor, or strings; bytes that are not UTF-8 are surrogate escapes."""
    if isinstance(column, Ragged) and not padded and column.values.dtype != object:
        return torch.nested.nested_tensor_from_jagged(
            _tensor(column.values), _tensor(column.splits)
        )
    array = pad(column) if isinstance(column, Ragged) else column
    if array.dtype != object:
        return _tensor(array)
    return _decoded(array.tolist())


def _tensor(array: np.ndarray) -> torch.Tensor:
    """Return a tensor that may be written to, which arrays over Arrow's memory may not."""
    return torch.from_numpy(array if array.flags.writeable else array.copy())


def _decoded(value: Any) -> Any:
    if isinstance(value, list):
        return [_decoded(one) for one in value]
    return value.decode("utf-8", "surrogateescape")
