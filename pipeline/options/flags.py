"""The flags of each command, as argparse sees them; importing this is cheap."""

import argparse
import functools
import re
from typing import Any

from transforms.bert.compute import AUTO, ENGINES, PRECISIONS
from transforms.bert.shape import GELUS
from transforms.features import DTYPES, FIELD_TYPES, FLOAT32

DEFAULT_MODEL = "minilm"
# Where repeated documents are looked for.
PART, CORPUS = DEDUPS = ("part", "corpus")
LOG_LEVELS = ("debug", "info", "warning", "error")

_BACKTICKED = re.compile(r"`([a-z][a-z0-9_]*)`")

_Flags = argparse.ArgumentParser | argparse._ArgumentGroup


def name_flags(message: str) -> str:
    """Replace each backticked name of a flag in a message by the flag.

    Code below the command line knows fields, not flags.

    >>> name_flags("`max_seq_length` is 2; `length` is 3")
    '--max_seq_length is 2; `length` is 3'
    """
    return _BACKTICKED.sub(lambda found: _flag_names().get(found[1], found[0]), message)


@functools.cache
def _flag_names() -> dict[str, str]:
    """Return the long flags of the commands by their names without dashes."""
    parser = argparse.ArgumentParser(add_help=False)
    add_embed_flags(parser)
    long = [action.option_strings[-1] for action in parser._actions]
    return {flag.removeprefix("--"): flag for flag in [*long, "--gelu", "--do_lower_case"]}


class _Gathered(argparse.Action):
    """Takes the values of a flag that is given several times together; a default gives way."""

    def __call__(self, _: Any, namespace: argparse.Namespace, values: Any, __: Any = None) -> None:
        before = getattr(namespace, self.dest)
        gathered = values if before is self.default else [*before, *values]
        setattr(namespace, self.dest, gathered)


def add_log_flags(parser: _Flags) -> None:
    """Add how much libraries may say."""
    parser.add_argument(
        "--log_level",
        default="warning",
        choices=LOG_LEVELS,
        help="what Beam, TensorFlow and their workers may log; info and debug show tracebacks too",
    )


def add_model_flags(parser: _Flags) -> None:
    """Add what names a model."""
    parser.add_argument(
        "--model",
        default=DEFAULT_MODEL,
        help="a TF Hub BERT module: a folder, a .tar.gz, a URL that TF Hub resolves, or minilm",
    )
    parser.add_argument(
        "--model_sha256",
        default=None,
        metavar="HEX",
        help="refuse a module with another fingerprint; inspect-model tells it",
    )


def add_input_flags(parser: _Flags) -> None:
    """Add what says where documents come from and how they are read."""
    parser.add_argument(
        "--input",
        action=_Gathered,
        nargs="+",
        required=True,
        metavar="GLOB",
        help="files, folders or globs to read; - is the standard input, bq://PROJECT.DATASET.TABLE "
        "a table of BigQuery",
    )
    parser.add_argument(
        "--input_format",
        default="auto",
        metavar="NAME",
        help="text (a line a document), jsonl, csv, tsv, parquet, tfrecord (of tf.Example), files "
        "(a file a document), or auto: by each file's ending, else by what it begins with",
    )
    parser.add_argument(
        "--encoding",
        default="utf-8",
        metavar="NAME",
        help="of text, as Python names it: utf-16, cp1252, ...",
    )
    parser.add_argument(
        "--text_field", default="text", metavar="FIELD", help="field that holds the text"
    )
    parser.add_argument(
        "--text_b_field", default=None, metavar="FIELD", help="field with the second text of a pair"
    )
    parser.add_argument(
        "--pair_separator",
        default=None,
        metavar="TEXT",
        help="what stands between the two texts of a pair on a line of plain text",
    )
    parser.add_argument(
        "--id_field",
        default=None,
        metavar="FIELD",
        help="field that holds the id (default: ids are file and byte position)",
    )


def add_embed_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `embed`."""
    group = parser.add_argument_group
    add_input_flags(group("what is read"))
    _add_kept_flags(group("what goes along"))
    _add_model_group(group("the model"))
    _add_feature_flags(group("what is computed"))
    _add_output_flags(group("what is written"))
    _add_compute_flags(group("how it is computed"))
    _add_limit_flags(group("when to refuse, and when to fail"))
    _add_run_flags(group("the run"))


def _add_kept_flags(parser: _Flags) -> None:
    parser.add_argument(
        "--keep_fields",
        default="",
        metavar="A,B",
        help=f"fields to carry into pooled records, with the types that a sample shows; A:int64 "
        f"tells one of {', '.join(FIELD_TYPES)}",
    )
    parser.add_argument(
        "--keep_tokens",
        action="store_true",
        help="put wordpieces as text and their byte offsets into the sequence records",
    )


def _add_model_group(parser: _Flags) -> None:
    add_model_flags(parser)
    parser.add_argument(
        "--max_seq_length",
        type=int,
        default=128,
        metavar="N",
        help="positions of the longest input, [CLS] and [SEP] included; longer ones are cut",
    )
    parser.add_argument(
        "--window_stride",
        type=int,
        default=0,
        metavar="N",
        help="read longer documents whole, in windows that begin every N wordpieces; 0 cuts them "
        "(default: 0)",
    )


def _add_feature_flags(parser: _Flags) -> None:
    parser.add_argument(
        "--features",
        default="pooled_output,sequence_output",
        metavar="A,B",
        help="of pooled_output, sequence_output, mean, cls, max, and layers:-1,-2,... (token "
        "vectors of these layers side by side; -1 is the last)",
    )
    parser.add_argument(
        "--normalize", action="store_true", help="bring vectors of documents to length 1"
    )
    parser.add_argument(
        "--truncate_dim",
        type=int,
        default=None,
        metavar="N",
        help="keep the first N numbers of vectors of documents, for models trained to be cut",
    )
    parser.add_argument(
        "--dedup",
        default=PART,
        metavar="WHERE",
        help=f"compute documents of the same wordpieces once a {PART}, or once for the {CORPUS}, "
        "which is then read and tokenized twice more; no features of tokens",
    )


def _add_output_flags(parser: _Flags) -> None:
    parser.add_argument("--output", required=True, metavar="DIR", help="folder for the results")
    parser.add_argument(
        "--output_format",
        default="tfrecord",
        metavar="NAME",
        help="of the files of records: tfrecord or parquet",
    )
    parser.add_argument(
        "--compression",
        default="none",
        metavar="NAME",
        help="of the files of records: none, gzip, or, of parquet, zstd",
    )
    parser.add_argument(
        "--dtype",
        default=FLOAT32,
        metavar="TYPE",
        help=f"what vectors are stored in: {', '.join(DTYPES)}; int8 with a scale for each",
    )
    parser.add_argument(
        "--part_bytes",
        type=int,
        default=None,
        metavar="N",
        help="text bytes of a part (default: 256 KiB with features of tokens, else 1 MiB)",
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="delete what an earlier job left, and start anew"
    )


def _add_compute_flags(parser: _Flags) -> None:
    parser.add_argument(
        "--engine",
        default=AUTO,
        metavar="NAME",
        help=f"what computes: {', '.join(ENGINES)}, or {AUTO}: the fastest that is here",
    )
    parser.add_argument(
        "--precision",
        default=FLOAT32,
        metavar="TYPE",
        help=f"of the model's products: {', '.join(PRECISIONS)}",
    )
    parser.add_argument(
        "--tokens_per_batch",
        type=int,
        default=None,
        metavar="N",
        help="positions computed at once, padding included (default: 1024 with openvino, 2048 with "
        "tensorflow, 16384 on a GPU)",
    )
    parser.add_argument(
        "--xla_buckets",
        type=int,
        default=None,
        metavar="N",
        help="with --engine tensorflow: XLA compiles batches of N widths, which are chosen for "
        "least padding; 0: no XLA (default: 8 on a GPU, else 0)",
    )


def _add_limit_flags(parser: _Flags) -> None:
    parser.add_argument(
        "--max_rejected",
        type=float,
        default=0.01,
        metavar="SHARE",
        help="fail, at the end, if more than this share of the documents was rejected",
    )
    parser.add_argument(
        "--max_truncated",
        type=float,
        default=1.0,
        metavar="SHARE",
        help="fail, at the end, if more than this share of the documents was cut",
    )
    parser.add_argument(
        "--max_unknown",
        type=float,
        default=1.0,
        metavar="SHARE",
        help="fail, at the end, if the model does not know more than this share of the wordpieces",
    )
    parser.add_argument(
        "--max_output_gb",
        type=float,
        default=100.0,
        metavar="GB",
        help="do not begin a job that would write more than this, by an estimate",
    )
    parser.add_argument(
        "--min_cosine",
        type=float,
        default=0.99,
        metavar="COSINE",
        help="do not begin if --precision turns a vector of a sample further than that",
    )


def _add_run_flags(parser: _Flags) -> None:
    parser.add_argument(
        "--config",
        default=None,
        metavar="FILE",
        help="flags from a YAML or JSON file, or from the run.json of a job; what is given here "
        "goes before what stands there",
    )
    add_log_flags(parser)


def add_folder_flags(parser: _Flags) -> None:
    """Add the output folder of an earlier `embed`."""
    parser.add_argument("folder", metavar="DIR", help="output folder of an embed")


def add_report_flags(parser: _Flags) -> None:
    """Add the flags of `report`."""
    add_folder_flags(parser)
    parser.add_argument(
        "--projector",
        default=None,
        metavar="FOLDER",
        help="write, in place of the page, what TensorBoard's Embedding Projector loads",
    )


def add_head_flags(parser: _Flags) -> None:
    """Add the flags of `head`."""
    add_folder_flags(parser)
    parser.add_argument(
        "-n", type=int, default=5, metavar="N", help="how many documents (default: 5)"
    )


def add_verify_flags(parser: _Flags) -> None:
    """Add the flags of `verify`."""
    add_folder_flags(parser)
    parser.add_argument(
        "--sample",
        type=int,
        default=0,
        metavar="N",
        help="embed N documents again from their source, and compare; 0 needs no model "
        "(default: 0)",
    )
    parser.add_argument(
        "--tolerance",
        type=float,
        default=None,
        metavar="T",
        help="largest absolute difference of any value of the sample that is no fault (default: "
        "0.0001; of a job of less --precision, 0.05 of the feature's largest value)",
    )
    parser.add_argument(
        "--model", default=None, help="where the job's module lies now, if it was moved"
    )
    add_log_flags(parser)


def add_tokenize_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `tokenize`."""
    add_input_flags(parser.add_argument_group("what is read"))
    model = parser.add_argument_group("the model")
    add_model_flags(model)
    model.add_argument(
        "--max_seq_length",
        type=int,
        default=None,
        metavar="N",
        help="positions of the longest input, [CLS] and [SEP] included (default: nothing is cut)",
    )
    add_log_flags(parser)


def add_import_flags(parser: _Flags) -> None:
    """Add the flags of `import-model`."""
    parser.add_argument(
        "source", metavar="SRC", help="folder of a Hugging Face model or of a Google checkpoint"
    )
    parser.add_argument("destination", metavar="DEST", help="folder to write the module to")
    parser.add_argument(
        "--gelu", choices=GELUS, default=None, help="override the gelu that SRC tells"
    )
    parser.add_argument(
        "--do_lower_case",
        choices=("true", "false"),
        default=None,
        help="override the casing that SRC tells",
    )
    add_log_flags(parser)


def add_inspect_flags(parser: _Flags) -> None:
    """Add the flags of `inspect-model`."""
    parser.add_argument("model", metavar="M", help="as --model of embed")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_log_flags(parser)
