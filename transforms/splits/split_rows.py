"""The numbers of splits, as rows of an array."""

import numpy as np

from transforms.splits.file_columns import SIZE, FileColumns

# A split. `file` is the number of its source, `first` that of its first member. `end` and `stored`
# are -1 for None, and `unread` is the place of its text, or -1.
ROW = np.dtype(
    [
        *((name, np.int64) for name in ("file", "start", "end", "stored", "first")),
        *((name, np.int32) for name in ("members", "unread")),
    ]
)
# Splits that are decoded at once.
BLOCK = 4096


def stored_bytes(rows: np.ndarray, files: FileColumns) -> np.ndarray:
    """Return the stored bytes of splits, int64 [splits]; see `Split.bytes`.

    Args:
        rows: `ROW` [splits].
        files: of the splits.
    """
    sizes = files.numbers(SIZE)[rows["file"]]
    is_file = (rows["end"] < 0) | (rows["members"] > 0)
    of_range = np.where(is_file, sizes, rows["end"] - rows["start"])
    stored: np.ndarray = np.where(rows["stored"] >= 0, rows["stored"], of_range)
    return stored
