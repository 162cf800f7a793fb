"""The paths of the files of receipts, as one array of Arrow."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.parts.packed_text import pieces_of, unpack_path

# Different patterns of a block that are worth a pass each; a job has some three.
_MOST_PATTERNS = 16


def paths_of(block: pa.RecordBatch) -> pa.StringArray:
    """Return the path of each file of receipts, in order.

    Args:
        block: the columns `name` and `files` of the receipts.
    """
    column = block.column("files")
    counts = np.diff(column.offsets.to_numpy())
    names = block.column("name").take(pa.array(np.repeat(np.arange(len(counts)), counts)))
    packed = column.flatten().field("path").dictionary_encode()
    patterns = packed.dictionary.to_pylist()
    codes = packed.indices.to_numpy()
    if len(patterns) > _MOST_PATTERNS:
        unpacked = map(unpack_path, (patterns[code] for code in codes), names.to_pylist())
        return pa.array(unpacked, pa.string())
    rows = [np.flatnonzero(codes == code) for code in range(len(patterns))]
    chunks = [
        _unpack(pattern, names.take(pa.array(of_pattern)))
        for pattern, of_pattern in zip(patterns, rows, strict=True)
    ]
    if len(chunks) == 1:
        return chunks[0]
    order = np.argsort(np.concatenate([np.empty(0, np.int64), *rows]))
    return pa.concat_arrays([pa.array([], pa.string()), *chunks]).take(pa.array(order))


def _unpack(pattern: str, names: pa.StringArray) -> pa.StringArray:
    first, *others = pieces_of(pattern)
    columns = [one for piece in others for one in (names, pa.scalar(piece))]
    if not columns:
        return pa.repeat(pa.scalar(first), len(names))
    return pc.binary_join_element_wise(pa.scalar(first), *columns, pa.scalar(""))
