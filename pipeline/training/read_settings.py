"""How records are read for training."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import numpy as np

from pipeline.training.held_out import SPLITS, TEST, TRAIN

# Of the documents, unless a share is given.
_TEST_SHARE = 0.1


class ReadSettings(TypedDict, total=False):
    """Keywords of `read_pooled`, `read_sequences`, `torch_pooled` and `torch_sequences`.

    Attributes:
        columns: the features and kept fields of a batch; all if not given. `id` is always read.
        split: `train` or `test`, to read these documents only; see `held_out.is_test`.
        test_share: with `split`: the share of documents in the test set, from 0 to 1 (default:
            0.1).
        shuffle: a seed, for another order in each epoch; corpus order if not given.
        missing: by kept field, the value of documents that do not have it.
        drop_remainder: leave out the last batch if it is smaller.
        shard: (number, count), to read one of `count` equal ranges of the documents.
        generation: the number of one that the folder keeps; the newest finished one if not given.
    """

    columns: Sequence[str] | None
    split: str | None
    test_share: float | None
    shuffle: int | None
    missing: Mapping[str, Any]
    drop_remainder: bool
    shard: tuple[int, int]
    generation: int | None


@dataclasses.dataclass(frozen=True)
class Reading:
    """What to read, and how to cut it into batches; see `ReadSettings`.

    Attributes:
        folder: output folder of a finished `embed`.
        family: `pooled` or `sequence`.
        batch_size: documents of a batch.
    """

    folder: str
    family: str
    batch_size: int
    columns: Sequence[str] | None = None
    split: str | None = None
    test_share: float | None = None
    shuffle: int | None = None
    missing: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    drop_remainder: bool = False
    shard: tuple[int, int] = (0, 1)
    generation: int | None = None

    def __post_init__(self) -> None:
        number, count = self.shard
        if not _is_whole(self.batch_size, 1):
            raise ValueError(f"batch_size is {self.batch_size!r}; give 1 or more")
        if self.split is not None and self.split not in SPLITS:
            raise ValueError(f"split is {self.split!r}; there are {', '.join(SPLITS)}, and None")
        if not 0.0 <= self.share_of_test <= 1.0:
            raise ValueError(f"test_share is {self.test_share}; give a share from 0 to 1")
        if self.test_share is not None and self.split is None:
            raise ValueError(
                f"test_share is {self.test_share}, but without split all documents are read: give "
                f"split={TRAIN!r} or split={TEST!r}, or leave test_share out"
            )
        if self.shuffle is not None and not _is_whole(self.shuffle, 0):
            raise ValueError(f"shuffle is {self.shuffle!r}; give a seed of 0 or more, or None")
        if isinstance(self.columns, str):
            raise ValueError(f"columns is {self.columns!r}; give a list of names")
        if not _is_whole(number, 0) or not _is_whole(count, number + 1):
            raise ValueError(f"shard is {self.shard}; give (number, count), numbered from 0")

    @property
    def share_of_test(self) -> float:
        """The share of documents in the test set."""
        return _TEST_SHARE if self.test_share is None else self.test_share

    def part(self, number: int, count: int) -> "Reading":
        """Return one of `count` equal ranges of this reading."""
        first, of = self.shard
        return dataclasses.replace(self, shard=(first * count + number, of * count))


def _is_whole(value: Any, least: int) -> bool:
    """Return whether a value is a whole number; True and False are none."""
    is_number = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return is_number and bool(value >= least)
