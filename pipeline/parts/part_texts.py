"""The entries of parts in a manifest, as `json.dumps` with an indent of 1 writes them."""

from json.encoder import encode_basestring_ascii as quoted

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.parts.file_paths import paths_of
from pipeline.parts.joined_texts import digits_of, glue, quote, unpack_hashes
from pipeline.parts.receipt_columns import COUNTS, names_in, names_of

# The columns that the entries are made from.
COLUMNS = ("name", "source", "start", "end", COUNTS, names_of(COUNTS), "files")


def texts_of(block: pa.RecordBatch) -> pa.StringArray:
    """Return the entry of each part of a block."""
    source = block.column("source")
    return glue(
        '{\n   "name": ',
        quote(block.column("name")),
        ',\n   "source": ',
        quote(source.dictionary).take(source.indices),
        ',\n   "start": ',
        digits_of(block.column("start").to_numpy()),
        ',\n   "end": ',
        digits_of(block.column("end").to_numpy()),
        ',\n   "counts": ',
        _counts_texts(block),
        ',\n   "files": ',
        _files_texts(block),
        "\n  }",
    )


def _counts_texts(block: pa.RecordBatch) -> pa.StringArray:
    """Return the object of the counts of each part."""
    column, shapes = block.column(COUNTS), block.column(names_of(COUNTS))
    firsts, values = column.offsets.to_numpy()[:-1], column.values.to_numpy()
    codes = shapes.indices.to_numpy()
    rows, chunks = [np.empty(0, np.int64)], [pa.array([], pa.string())]
    for code in np.unique(codes).tolist():
        (of_shape,) = np.nonzero(codes == code)
        names = names_in(shapes.dictionary[code].as_py())
        rows.append(of_shape)
        chunks.append(_of_shape(names, values[firsts[of_shape, None] + np.arange(len(names))]))
    return pa.concat_arrays(chunks).take(pa.array(np.argsort(np.concatenate(rows))))


def _of_shape(names: tuple[str, ...], matrix: np.ndarray) -> pa.StringArray:
    """Return the objects of counts with some names, int64 [parts, names]."""
    pieces: list[pa.StringArray | str] = []
    for place, name in enumerate(names):
        begin = "," if place else "{"
        pieces += [f"{begin}\n    {quoted(name)}: ", digits_of(matrix[:, place])]
    return glue(*pieces, "\n   }") if pieces else pa.repeat(pa.scalar("{\n   }"), len(matrix))


def _files_texts(block: pa.RecordBatch) -> pa.StringArray:
    """Return the array of the files of each part."""
    column = block.column("files")
    _, records, sizes, hashes = column.flatten().flatten()
    files = glue(
        '\n    {\n     "path": ',
        quote(paths_of(block)),
        ',\n     "records": ',
        digits_of(records.to_numpy()),
        ',\n     "bytes": ',
        digits_of(sizes.to_numpy()),
        ',\n     "sha256": ',
        quote(unpack_hashes(hashes)),
        "\n    }",
    )
    offsets = column.offsets.to_numpy()
    of_parts = pa.ListArray.from_arrays(pa.array(offsets - offsets[0]), files)
    lines = glue("[", pc.binary_join(of_parts, ","), "\n   ]")
    return pc.if_else(pa.array(np.diff(offsets) > 0), lines, pa.scalar("[]"))
