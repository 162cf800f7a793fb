"""The flags of `embed`, one row each; importing this is cheap.

Parsers, files of flags, keywords of `pipeline.embed`, the identity of a job and the command that
continues it are all made from these rows.
"""

from pipeline.options import flag_steps as steps
from pipeline.options.earlier_output_flags import EARLIER_OUTPUT_FLAGS
from pipeline.options.flag_row import ALWAYS, Flag
from pipeline.options.later_flags import LATER_FLAGS
from pipeline.options.machine_flags import CACHE_DIR, JSON, LOG_FORMAT, METRICS_FILE, TIMELINE
from transforms.bert.compute import AUTO, ENGINES, PRECISIONS
from transforms.features import DOCUMENT_FEATURES, DTYPES, FIELD_TYPES, FLOAT32, MEAN

DEFAULT_MODEL = "minilm"
# Detect the format of each input file.
AUTO_FORMAT = "auto"
# Where repeated documents are looked for.
PART, CORPUS = DEDUPS = ("part", "corpus")
LOG_LEVELS = ("debug", "info", "warning", "error")

_INPUT, _OUTPUT, _MODEL, _FEATURES = "input", "output", "model", "features"
_COMPUTATION, _LIMITS, _GENERAL = "computation", "limits", "general"

# The order of the rows is that of the identity and of the resume command, which run.json and the
# schemas hold: a new row goes to the end.
FLAGS = (
    Flag(
        name="input",
        path="input.globs",
        value_type=list,
        step=steps.words,
        required=True,
        decides_output=True,
        in_resume_command=ALWAYS,
        group=_INPUT,
        metavar="GLOB",
        help="files, folders or globs to read; - is the standard input, bq://PROJECT.DATASET.TABLE "
        "a BigQuery table (for embed only)",
    ),
    Flag(
        name="output",
        path="output",
        step=steps.folder,
        required=True,
        in_resume_command=ALWAYS,
        group=_OUTPUT,
        metavar="DIR",
        help="folder for the results",
    ),
    Flag(
        name="model",
        path="model",
        default=DEFAULT_MODEL,
        group=_MODEL,
        help="BERT: minilm, the folder or .tar.gz of a TF Hub module, of a Hugging Face model or "
        "of a Google checkpoint, or a URL that TF Hub resolves",
    ),
    Flag(
        name="model_sha256",
        path="model_sha256",
        group=_MODEL,
        metavar="HEX",
        help="refuse a module with another fingerprint; inspect-model prints the fingerprint",
    ),
    Flag(
        name="input_format",
        path="input.format",
        default=AUTO_FORMAT,
        decides_output=True,
        group=_INPUT,
        metavar="NAME",
        help="text (one document a line), jsonl, json (an array of objects), csv, tsv, parquet, "
        "tfrecord (of tf.Example), files (one document a file), or auto: by the first bytes of "
        "each file, and among formats of text by its ending",
    ),
    Flag(
        name="text_field",
        path="input.read.text_field",
        default="text",
        decides_output=True,
        group=_INPUT,
        metavar="FIELD",
        help="field with the text",
    ),
    Flag(
        name="text_b_field",
        path="input.read.text_b_field",
        decides_output=True,
        group=_INPUT,
        metavar="FIELD",
        help="field with the second text of a pair",
    ),
    Flag(
        name="pair_separator",
        path="input.read.pair_separator",
        decides_output=True,
        group=_INPUT,
        metavar="TEXT",
        help="text that separates the two texts of a pair on a line of plain text",
    ),
    Flag(
        name="id_field",
        path="input.read.id_field",
        decides_output=True,
        group=_INPUT,
        metavar="FIELD",
        help="field with the id (default: the id is the file and the byte position)",
    ),
    Flag(
        name="keep_fields",
        path="input.read.keep_fields",
        value_type=tuple,
        step=steps.kept_fields,
        default="",
        decides_output=True,
        group=_INPUT,
        metavar="A,B",
        help="fields to copy into the records; a sample decides their types, or A:int64 "
        f"does: one of {', '.join(FIELD_TYPES)}, or list<...>, struct<...>, map<...>",
    ),
    Flag(
        name="encoding",
        path="input.read.encoding",
        step=steps.encoding,
        default="utf-8",
        decides_output=True,
        group=_INPUT,
        metavar="NAME",
        help="encoding of text files, by its name in Python: utf-16, cp1252, ...",
    ),
    Flag(
        name="part_bytes",
        path="input.read.part_bytes",
        value_type=int,
        step=steps.part_bytes,
        decides_output=True,
        group=_OUTPUT,
        metavar="N",
        help="bytes of text in a part (default: 256 KiB with features of tokens, else 1 MiB)",
    ),
    Flag(
        name="max_seq_length",
        path="windows.max_seq_length",
        value_type=int,
        default=128,
        decides_output=True,
        group=_MODEL,
        metavar="N",
        help="largest number of tokens of an input, [CLS] and [SEP] included; longer documents "
        "are truncated",
    ),
    Flag(
        name="window_stride",
        path="windows.stride",
        value_type=int,
        default=0,
        decides_output=True,
        group=_MODEL,
        metavar="N",
        help="read longer documents completely, in windows that begin every N wordpieces; 0 "
        "truncates them, or with --rows windows cuts windows that do not overlap",
    ),
    Flag(
        name="features",
        path="features",
        value_type=tuple,
        step=steps.features,
        default=MEAN,
        decides_output=True,
        # Another release may have another default.
        in_resume_command=ALWAYS,
        group=_FEATURES,
        metavar="A,B",
        help=f"some of {', '.join(DOCUMENT_FEATURES)}, sequence_output, and layers:-1,-2,... "
        "(vectors of tokens, those of these layers side by side; -1 is the last layer)",
    ),
    Flag(
        name="keep_tokens",
        path="keep_tokens",
        value_type=bool,
        default=False,
        decides_output=True,
        group=_FEATURES,
        help="add the text and the byte offsets of the wordpieces to the sequence records",
    ),
    Flag(
        name="dtype",
        path="dtype",
        default=FLOAT32,
        decides_output=True,
        group=_OUTPUT,
        metavar="TYPE",
        help=f"type of the stored vectors: {', '.join(DTYPES)}; int8 adds a scale for each vector",
    ),
    Flag(
        name="normalize",
        path="shaping.normalize",
        value_type=bool,
        default=False,
        decides_output=True,
        group=_FEATURES,
        help="scale the vectors of documents to length 1",
    ),
    Flag(
        name="truncate_dim",
        path="shaping.truncate_dim",
        value_type=int,
        decides_output=True,
        group=_FEATURES,
        metavar="N",
        help="keep the first N dimensions of the vectors of documents, for models trained for it",
    ),
    Flag(
        name="output_format",
        path="output_format",
        default="tfrecord",
        decides_output=True,
        group=_OUTPUT,
        metavar="NAME",
        help="format of the record files: tfrecord or parquet",
    ),
    Flag(
        name="compression",
        path="compression",
        default="none",
        decides_output=True,
        group=_OUTPUT,
        metavar="NAME",
        help="compression of the record files: none, gzip, or, for parquet, zstd",
    ),
    Flag(
        name="engine",
        path="compute.engine",
        step=steps.engine,
        default=AUTO,
        decides_output=True,
        # `auto` is another engine on another machine.
        in_resume_command=ALWAYS,
        group=_COMPUTATION,
        metavar="NAME",
        help=f"engine that runs the model: {', '.join(ENGINES)}, or {AUTO}: the fastest of this "
        "machine",
    ),
    Flag(
        name="precision",
        path="compute.precision",
        default=FLOAT32,
        decides_output=True,
        group=_COMPUTATION,
        metavar="TYPE",
        help=f"type of the model's matrix products: {', '.join(PRECISIONS)}, or {AUTO}: the "
        "fastest of this machine that --min_cosine allows",
    ),
    Flag(
        name="xla_buckets",
        path="compute.xla_buckets",
        value_type=int,
        step=steps.xla_buckets,
        decides_output=True,
        # The default depends on the machine.
        in_resume_command=ALWAYS,
        group=_COMPUTATION,
        metavar="N",
        help="with --engine tensorflow: XLA compiles batches of N widths, chosen for the least "
        "padding; 0: no XLA (default: 8 on a GPU, else 0)",
    ),
    Flag(
        name="dedup",
        path="dedup",
        default=PART,
        decides_output=True,
        group=_FEATURES,
        metavar="WHERE",
        help=f"compute documents with the same wordpieces once for each {PART}, or once for the "
        f"{CORPUS}, which is then read and tokenized twice more; not with features of tokens",
    ),
    Flag(
        name="tokens_per_batch",
        path="batching.tokens_per_batch",
        value_type=int,
        step=steps.tokens_per_batch,
        decides_output=True,
        # The default depends on the machine.
        in_resume_command=ALWAYS,
        group=_COMPUTATION,
        metavar="N",
        help="tokens of a batch, padding included (default: 1024 with openvino, 2048 with "
        "tensorflow, 16384 on a GPU)",
    ),
    *LATER_FLAGS,
    Flag(
        name="min_cosine",
        path="min_cosine",
        value_type=float,
        default=0.99,
        group=_LIMITS,
        metavar="COSINE",
        help="do not start if --precision changes a vector of a sample so much that its cosine "
        "to float32 is below this",
    ),
    Flag(
        name="max_output_gb",
        path="max_output_gb",
        value_type=float,
        default=100.0,
        group=_LIMITS,
        metavar="GB",
        help="do not start if the estimated output is larger than this",
    ),
    Flag(
        name="max_rejected",
        path="limits.rejected",
        value_type=float,
        default=0.01,
        group=_LIMITS,
        metavar="SHARE",
        help="fail, at the end, if more than this share of the documents was rejected, or with "
        "--rows windows of the rows",
    ),
    Flag(
        name="max_truncated",
        path="limits.truncated",
        value_type=float,
        default=1.0,
        group=_LIMITS,
        metavar="SHARE",
        help="fail, at the end, if more than this share of the documents was truncated",
    ),
    Flag(
        name="max_unknown",
        path="limits.unknown",
        value_type=float,
        default=1.0,
        group=_LIMITS,
        metavar="SHARE",
        help="fail, at the end, if more than this share of the wordpieces is [UNK]",
    ),
    *EARLIER_OUTPUT_FLAGS,
    Flag(
        name="config",
        group=_GENERAL,
        metavar="FILE",
        help="read flags from a YAML or JSON file, or from the run.json of a job; flags of the "
        "command line replace those of the file",
    ),
    Flag(
        name="log_level",
        default="warning",
        choices=LOG_LEVELS,
        group=_GENERAL,
        help="lowest level that Beam, TensorFlow and their workers log; info and debug also show "
        "tracebacks",
    ),
    LOG_FORMAT,
    JSON,
    METRICS_FILE,
    CACHE_DIR,
    TIMELINE,
)


def select(*names: str) -> tuple[Flag, ...]:
    """Return rows by their names, for commands that share flags with `embed`."""
    rows = {row.name: row for row in FLAGS}
    return tuple(rows[name] for name in names)


# The output folder of an earlier `embed`, for commands that read one.
FOLDER = Flag(name="folder", positional=True, metavar="DIR", help="output folder of an embed")
