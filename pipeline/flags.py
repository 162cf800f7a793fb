"""The flags of each command, as argparse sees them; importing this is cheap."""

import argparse
from typing import NoReturn

from transforms import visible
from transforms.bert.compute import AUTO, ENGINES, PRECISIONS
from transforms.bert.shape import GELUS
from transforms.features import DTYPES, FIELD_TYPES, FLOAT32

DEFAULT_MODEL = "minilm"
# Where repeated documents are looked for.
PART, CORPUS = DEDUPS = ("part", "corpus")


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, where argparse would print its whole usage first."""

    def error(self, message: str) -> NoReturn:
        told = visible.one_line(message)
        self.exit(2, f"{self.prog}: {told}; {self.prog} --help tells the flags\n")


def parser_for(command: str, description: str) -> argparse.ArgumentParser:
    """Make the parser of a command, without flags yet."""
    return _Parser(
        prog=f"beam-bert {command}",
        description=description,
        allow_abbrev=False,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )


def add_model_flags(parser: argparse.ArgumentParser) -> None:
    """Add what names a model."""
    parser.add_argument(
        "--model",
        default=DEFAULT_MODEL,
        help="a TF Hub BERT module: a folder, a .tar.gz, a URL that TF Hub resolves, or minilm",
    )
    parser.add_argument(
        "--model_sha256", default=None, help="refuse a module with another fingerprint"
    )


def add_input_flags(parser: argparse.ArgumentParser) -> None:
    """Add what says where documents come from and how they are read."""
    parser.add_argument(
        "--input",
        nargs="+",
        required=True,
        metavar="GLOB",
        help="files, folders or globs to read; - is the standard input, bq://PROJECT.DATASET.TABLE "
        "a table of BigQuery",
    )
    parser.add_argument(
        "--input_format",
        default="auto",
        help="text (a line a document), jsonl, csv, tsv, parquet, tfrecord (of tf.Example), files "
        "(a file a document), or auto: by each file's ending, else by what it begins with",
    )
    parser.add_argument(
        "--encoding", default="utf-8", help="of text, as Python names it: utf-16, cp1252, ..."
    )
    parser.add_argument("--text_field", default="text", help="field that holds the text")
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
        "--id_field", default=None, help="field that holds the id (else: file and byte position)"
    )


def add_embed_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `embed`."""
    add_input_flags(parser)
    parser.add_argument("--output", required=True, metavar="DIR", help="folder for the results")
    add_model_flags(parser)
    parser.add_argument(
        "--max_seq_length",
        type=int,
        default=128,
        help="positions of the longest input, [CLS] and [SEP] included; longer ones are cut",
    )
    parser.add_argument(
        "--window_stride",
        type=int,
        default=0,
        metavar="N",
        help="read longer documents whole, in windows that begin every N wordpieces; 0 cuts them",
    )
    parser.add_argument(
        "--keep_tokens",
        action="store_true",
        help="put wordpieces as text and their byte offsets into the sequence records",
    )
    parser.add_argument(
        "--keep_fields",
        default="",
        metavar="A,B",
        help=f"fields to carry into pooled records, with the types that a sample shows; A:int64 "
        f"tells one of {', '.join(FIELD_TYPES)}",
    )
    parser.add_argument(
        "--features",
        default="pooled_output,sequence_output",
        metavar="A,B",
        help="of pooled_output, sequence_output, mean, cls, max, and layers:-1,-2,... (token "
        "vectors of these layers side by side; -1 is the last)",
    )
    parser.add_argument(
        "--dtype",
        default=FLOAT32,
        help=f"what vectors are stored in: {', '.join(DTYPES)}; int8 with a scale for each",
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
        "--output_format", default="tfrecord", help="of the files of records: tfrecord, parquet"
    )
    parser.add_argument(
        "--compression",
        default="none",
        help="of the files of records: none, gzip, or, of parquet, zstd",
    )
    parser.add_argument(
        "--engine",
        default=AUTO,
        help=f"what computes: {', '.join(ENGINES)}, or {AUTO}: the fastest that is here",
    )
    parser.add_argument(
        "--precision",
        default=FLOAT32,
        help=f"of the model's products: {', '.join(PRECISIONS)}",
    )
    parser.add_argument(
        "--xla_buckets",
        type=int,
        default=None,
        metavar="N",
        help="with --engine tensorflow: XLA compiles batches of N widths, which are chosen for "
        "least padding; 0: no XLA (default: 8 on a GPU, else 0)",
    )
    parser.add_argument(
        "--min_cosine",
        type=float,
        default=0.99,
        metavar="COSINE",
        help="do not begin if --precision turns a vector of a sample further than that",
    )
    parser.add_argument(
        "--tokens_per_batch",
        type=int,
        default=None,
        help="positions computed at once, padding included (default: 1024 with openvino, 2048 with "
        "tensorflow, 16384 on a GPU)",
    )
    parser.add_argument(
        "--dedup",
        default=PART,
        help=f"compute documents of the same wordpieces once a {PART}, or once for the {CORPUS}, "
        "which is then read and tokenized twice more; no features of tokens",
    )
    parser.add_argument(
        "--part_bytes",
        type=int,
        default=None,
        help="text bytes of a part (default: 256 KiB with sequence_output, else 1 MiB)",
    )
    parser.add_argument(
        "--max_rejected",
        type=float,
        default=0.01,
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
        "--overwrite", action="store_true", help="delete what an earlier job left, and start anew"
    )


def add_folder_flags(parser: argparse.ArgumentParser) -> None:
    """Add the output folder of an earlier `embed`."""
    parser.add_argument("folder", metavar="DIR", help="output folder of an embed")


def add_head_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `head`."""
    add_folder_flags(parser)
    parser.add_argument("-n", type=int, default=5, metavar="N", help="how many documents")


def add_verify_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `verify`."""
    add_folder_flags(parser)
    parser.add_argument(
        "--sample",
        type=int,
        default=0,
        metavar="N",
        help="embed N documents again from their source, and compare; 0 needs no model",
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


def add_tokenize_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `tokenize`."""
    add_model_flags(parser)
    add_input_flags(parser)
    parser.add_argument(
        "--max_seq_length",
        type=int,
        default=None,
        help="positions of the longest input, [CLS] and [SEP] included (default: nothing is cut)",
    )


def add_import_flags(parser: argparse.ArgumentParser) -> None:
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


def add_inspect_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `inspect-model`."""
    parser.add_argument("model", metavar="M", help="as --model of embed")
    parser.add_argument("--json", action="store_true", help="print JSON")
