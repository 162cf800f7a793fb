"""TokenizeParts: from parts of documents to parts of wordpieces, with tf.Transform."""

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import tensorflow as tf
import tensorflow_text  # noqa: F401  (registers the ops that the saved transform holds)
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx_bsl.tfxio import tensor_adapter

from transforms import metrics, rejects
from transforms.columns import singleton_lists
from transforms.documents import REASON, header_of, with_header
from transforms.features import ACCOUNT, SEGMENT_IDS
from transforms.io.coder import from_bytes, to_bytes
from transforms.io.saved_transform import check_sha256, readable_copy, tensorflow_reads
from transforms.machine.cores import limit_threads
from transforms.rejects import NOTHING_LEFT, Reason
from transforms.rows.text_rows import TextRows
from transforms.templates.token_fields import locate_tokens
from transforms.wordpiece.preprocessing import LENGTH_QUANTILES, Tensors
from transforms.wordpiece.special_tokens import first_text_is_empty

# A worker may tokenize before anything else starts TensorFlow's threads.
limit_threads()

# tf.Transform passes columns through, but not metadata. So everything of a part except its texts is
# serialized into one cell of this column, in an extra row before the documents.
_PART = "part"
_CELL = pa.large_list(pa.large_binary())
_WRAPPED_AT = "wrapped_at"


class TextsConfig(tensor_adapter.TensorAdapterConfig):
    """Names the text columns for tf.Transform, and registers the ops of a saved transform.

    tf.Transform's DoFn, which loads the transform, refers to no module of this package, and a
    cluster may run it in a separate process. But it contains this object, and unpickling it imports
    this file, and so the ops.
    """


def adapter_config(texts: Sequence[str], others: Sequence[str] = (_PART,)) -> TextsConfig:
    """Return the configuration by which tf.Transform reads each text as string [documents].

    Args:
        texts: columns that the graph reads.
        others: columns that it passes through.
    """
    representations = {}
    for name in texts:
        representations[name] = schema_pb2.TensorRepresentation()
        representations[name].dense_tensor.column_name = name
        representations[name].dense_tensor.shape.SetInParent()
    schema = pa.schema([(name, _CELL) for name in (*texts, *others)])
    return TextsConfig(schema, representations)


def texts_only(part: pa.RecordBatch, texts: Sequence[str]) -> pa.RecordBatch:
    """Select the texts of the documents that are not rejected, for tf.Transform's analysis."""
    valid = part.filter(pc.is_null(part.column(REASON)))
    return pa.RecordBatch.from_pydict({name: singleton_lists(valid.column(name)) for name in texts})


def wrap(part: pa.RecordBatch, texts: Sequence[str]) -> pa.RecordBatch:
    """Convert a part to tf.Transform's input: an extra first row contains all that is not text."""
    header = header_of(part).measured(**{_WRAPPED_AT: time.time()})
    others = with_header(part.drop_columns(list(texts)), header)
    cell = pa.array([to_bytes(others)], pa.large_binary())
    offsets = np.minimum(np.arange(part.num_rows + 2), 1)
    blank = pa.array([b""], pa.large_binary())
    columns = {
        name: singleton_lists(pa.concat_arrays([blank, part.column(name)])) for name in texts
    }
    columns[_PART] = pa.LargeListArray.from_arrays(offsets, cell)
    return pa.RecordBatch.from_pydict(columns)


def tokenize_part(
    part: pa.RecordBatch, graph: Callable[[Tensors], Tensors], texts: Sequence[str]
) -> pa.RecordBatch:
    """Tokenize a part like TokenizeParts, without Beam.

    Args:
        part: documents, as `read_split` yields them.
        graph: the function of `preprocessing.model_inputs`, or a saved transform.
        texts: the columns that contain texts.
    """
    columns = {name: part.column(name) for name in part.schema.names if name not in texts}
    tensors = {name: tf.constant(part.column(name).to_pylist(), tf.string) for name in texts}
    with tf.device("/CPU:0"):
        for name, tensor in graph(tensors).items():
            if name != LENGTH_QUANTILES:
                columns[name] = _to_arrow(tensor)
    tokenized = pa.RecordBatch.from_pydict(columns, metadata=part.schema.metadata)
    return reject_empty(locate_tokens(tokenized))


def _to_arrow(tensor: tf.Tensor | tf.RaggedTensor) -> pa.Array:
    if not isinstance(tensor, tf.RaggedTensor):
        return pa.array(tensor.numpy())
    values = tensor.flat_values.numpy()
    flat = pa.array(values.tolist(), pa.large_binary()) if values.dtype == object else values
    return pa.LargeListArray.from_arrays(tensor.row_splits.numpy(), flat)


def unwrap(batch: pa.RecordBatch, _: object = None) -> pa.RecordBatch:
    """Convert tf.Transform's output back to a part, with wordpieces instead of texts.

    Returns:
        the part's columns except its texts, and the columns of `preprocessing.model_inputs`: int64
        if there is one number a document, else lists. Documents whose first text has no wordpieces
        are rejected.
    """
    part = from_bytes(batch.column(_PART).flatten()[0].as_buffer())
    header = header_of(part)
    columns = {name: part.column(name) for name in part.schema.names}
    for name in batch.schema.names:
        if name != _PART:
            column = batch.column(name)[1:]
            # tf.Transform outputs single numbers as lists of one.
            columns[name] = column.flatten() if name in ACCOUNT else column
    measures = dict(header.measures)
    of_rows = measures.pop(metrics.TOKENIZE_SECONDS, 0.0)
    seconds = round(time.time() - measures.pop(_WRAPPED_AT) + of_rows, 6)
    header = dataclasses.replace(header, measures=measures)
    tokenized = reject_empty(locate_tokens(pa.RecordBatch.from_pydict(columns)))
    return with_header(tokenized, header.measured(**{metrics.TOKENIZE_SECONDS: seconds}))


def reject_empty(part: pa.RecordBatch) -> pa.RecordBatch:
    """Reject the documents whose first text has no wordpieces."""
    segments = part.column(SEGMENT_IDS)
    splits = segments.offsets.to_numpy() - segments.offsets[0].as_py()
    empty = first_text_is_empty(segments.flatten().to_numpy(), splits)
    return rejects.reject(part, empty, Reason.EMPTY, NOTHING_LEFT)


@dataclasses.dataclass
class MakeRows(beam.PTransform):
    """Make the rows of parts.

    Attributes:
        rows: how they are made.
    """

    rows: TextRows

    def expand(self, parts: beam.PCollection[pa.RecordBatch]) -> beam.PCollection[pa.RecordBatch]:
        return parts | "MakeRowsOfPart" >> beam.ParDo(_MakeRows(self.rows))


class _MakeRows(beam.DoFn):
    def __init__(self, rows: TextRows) -> None:
        self._rows = rows

    def process(self, part: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        watch = metrics.Stopwatch()
        with watch.section(metrics.TOKENIZE_SECONDS):
            rows = self._rows.make(part)
        yield with_header(rows, header_of(part).measured(**watch.seconds))


@dataclasses.dataclass
class TokenizeParts(beam.PTransform):
    """Make the rows of parts, and apply a saved transform to their texts.

    Attributes:
        transform_folder: contains transform_fn/ and transformed_metadata/.
        rows: how the rows are made, and the columns that contain texts.
        sha256: hash of the transform, which each process checks before it loads it; see
            `tree_digest.hash_tree`. None to load what is there.
    """

    transform_folder: str
    rows: TextRows = dataclasses.field(default_factory=TextRows)
    sha256: str | None = None

    def expand(self, parts: beam.PCollection[pa.RecordBatch]) -> beam.PCollection[pa.RecordBatch]:
        texts = self.rows.texts
        if not self.rows.are_documents:
            parts = parts | "MakeRows" >> MakeRows(self.rows)
        if not tensorflow_reads(self.transform_folder):
            return parts | "TokenizePart" >> beam.ParDo(
                _TokenizePart(self.transform_folder, texts, self.sha256)
            )
        transform_fn = parts.pipeline | "LoadTransform" >> tft_beam.ReadTransformFn(
            self.transform_folder
        )
        wrapped = parts | "Wrap" >> beam.ParDo(_WrapPart(self.transform_folder, texts, self.sha256))
        with tft_beam.Context(passthrough_keys={_PART}):
            wordpieces, _ = (
                (wrapped, adapter_config(texts)),
                transform_fn,
            ) | "ApplyTransform" >> tft_beam.TransformDataset(
                exclude_outputs=[LENGTH_QUANTILES], output_record_batches=True
            )
        return wordpieces | "Unwrap" >> beam.MapTuple(unwrap)


def _seconds_of_rows(part: pa.RecordBatch) -> float:
    """Return the seconds that the rows of a part took; 0 if they are its documents."""
    return header_of(part).measures.get(metrics.TOKENIZE_SECONDS, 0.0)


class _WrapPart(beam.DoFn):
    """Checks the transform that tf.Transform will load in this process, and wraps parts for it."""

    def __init__(self, folder: str, texts: tuple[str, ...], sha256: str | None) -> None:
        self._folder = folder
        self._texts = texts
        self._sha256 = sha256

    def setup(self) -> None:
        check_sha256(self._folder, self._sha256)

    def process(self, part: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        yield wrap(part, self._texts)


class _TokenizePart(beam.DoFn):
    """Applies a local copy of a transform that tf.Transform cannot open where it is stored."""

    def __init__(self, folder: str, texts: tuple[str, ...], sha256: str | None) -> None:
        self._folder = folder
        self._texts = texts
        self._sha256 = sha256

    def setup(self) -> None:
        with readable_copy(self._folder) as copy:
            check_sha256(copy, self._sha256)
            self._transform = tft.TFTransformOutput(copy)
            # Load the transform before the copy is deleted.
            self._transform.transform_features_layer()

    def process(self, part: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        watch = metrics.Stopwatch()
        watch.add(metrics.TOKENIZE_SECONDS, _seconds_of_rows(part))
        with watch.section(metrics.TOKENIZE_SECONDS):
            tokenized = tokenize_part(part, self._transform.transform_raw_features, self._texts)
        yield with_header(tokenized, header_of(part).measured(**watch.seconds))
