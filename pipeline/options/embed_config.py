"""The configuration of `embed`: what to read, compute and write."""

import dataclasses
import functools
import json
from typing import Any

from pipeline.options import flags
from pipeline.options.earlier_output_flags import BY_TIME, CHECKS
from pipeline.options.flag_row import FlagValue
from transforms.batching.batches import BatchingConfig
from transforms.batching.windows import WindowConfig
from transforms.bert.compute import ComputeConfig
from transforms.bert.wordpiece_rules import SPLIT, check_special_tokens
from transforms.documents import FORMAT_VERSION
from transforms.features import (
    ALL_RECORDS,
    FLOAT32,
    MEAN,
    ONLY_POOLED,
    check_features,
    widths_of_tokens,
)
from transforms.io.redaction import redact_url
from transforms.records.postprocess import Shaping
from transforms.records.record_config import NONE, TFRECORD, RecordConfig
from transforms.rows.row_config import RowConfig
from transforms.sources.base import ReadConfig, names
from transforms.templates.cut_fields import CutFields
from transforms.wordpiece.special_tokens import check_max_seq_length


@dataclasses.dataclass(frozen=True)
class InputConfig:
    """The input documents.

    Attributes:
        globs: files, folders and globs, as given.
        format: a name in `transforms.sources`, or `auto`.
        read: how records become documents.
    """

    globs: tuple[str, ...]
    format: str
    read: ReadConfig

    def __post_init__(self) -> None:
        for glob in self.globs:
            _refuse_secret("--input", glob)
        if self.format != flags.AUTO_FORMAT and self.format not in names():
            raise ValueError(
                f"--input_format is {self.format!r}; there are auto, {', '.join(names())}"
            )


def _refuse_secret(flag: str, address: str) -> None:
    """Raise ValueError for a secret in an address, which would be in every id, receipt and name.

    Beam's file systems read no secret from an address: it could only be part of a name.
    """
    if redact_url(address) != address:
        raise ValueError(
            f"{flag} {redact_url(address)}: an address with a password or a signature would be "
            "stored with the job; give the secret by the environment or a flag of Beam's"
        )


@dataclasses.dataclass(frozen=True)
class Limits:
    """The largest shares, from 0 to 1, that a job may lose; named as in `receipts.shares`.

    Attributes:
        rejected: of all documents, those not embedded.
        truncated: of the embedded documents, those that were truncated.
        unknown: of their wordpieces, those that are [UNK].
    """

    rejected: float = 0.01
    truncated: float = 1.0
    unknown: float = 1.0

    def __post_init__(self) -> None:
        for name, value in dataclasses.asdict(self).items():
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"--max_{name} is {value}; give a share from 0 to 1")


@dataclasses.dataclass(frozen=True)
class EmbedConfig:
    """The configuration of `embed`; each field is set by flags, see `flags.FLAGS`.

    Attributes:
        input: the documents.
        output: folder for the results.
        model: handle of the module, or `minilm`.
        model_sha256: fingerprint that the module must have, or None.
        windows: tokens of the longest input, and how longer documents are read.
        rows: what a record is of: a document, or a window of one.
        special_tokens: whether special tokens in texts are `split` into words, or `keep`.
        features: as requested; see `features.check_features`.
        prompt: what is put before each document: a text, or a name; see `BertModule.prompt_of`.
        keep_fields_in: the records that have the kept fields, `pooled` or `all`; `pooled` if no
            record could have others, as in jobs from before the flag.
        keep_tokens: whether sequence records hold the text and the byte offsets of wordpieces.
        dtype: type of the stored vectors.
        shaping: how vectors of documents are changed before they are stored.
        output_format, compression: of the record files.
        batching: how batches are cut.
        compute: engine and precision.
        limits: shares of lost documents and wordpieces above which the job fails, at its end.
        dedup: whether repeated documents are found within their part, or within the corpus.
        overwrite: delete the output of an earlier job first.
        update: follow the corpus as it is now.
        check: whether the parts of a file that has changed are compared, `content`, or computed
            again, `time`.
        reuse: output folder of a job whose vectors are taken; None for the earlier generation of
            the job's own folder.
        max_output_gb: do not start a job with a larger estimated output.
        min_cosine: do not start a job whose precision changes vectors of a sample further.
    """

    input: InputConfig
    output: str
    model: str = flags.DEFAULT_MODEL
    model_sha256: str | None = None
    windows: WindowConfig = dataclasses.field(default_factory=WindowConfig)
    rows: RowConfig = dataclasses.field(default_factory=RowConfig)
    special_tokens: str = SPLIT
    features: tuple[str, ...] = (MEAN,)
    prompt: str | None = None
    keep_fields_in: str = ALL_RECORDS
    keep_tokens: bool = False
    dtype: str = FLOAT32
    shaping: Shaping = dataclasses.field(default_factory=Shaping)
    output_format: str = TFRECORD
    compression: str = NONE
    batching: BatchingConfig = dataclasses.field(default_factory=BatchingConfig)
    compute: ComputeConfig = dataclasses.field(default_factory=ComputeConfig)
    limits: Limits = dataclasses.field(default_factory=Limits)
    dedup: str = flags.PART
    overwrite: bool = False
    update: bool = False
    check: str = BY_TIME
    reuse: str | None = None
    max_output_gb: float = 100.0
    min_cosine: float = 0.99

    def __post_init__(self) -> None:
        _refuse_secret("--output", self.output)
        if set(self.output) & set("*?["):
            raise ValueError(
                f"--output is {self.output}; choose a name without * ? [, which TensorFlow expands"
            )
        if not self.max_output_gb > 0:
            raise ValueError(f"--max_output_gb is {self.max_output_gb}; give gigabytes above 0")
        if not -1.0 <= self.min_cosine <= 1.0:
            raise ValueError(f"--min_cosine is {self.min_cosine}; give a cosine, from -1 to 1")
        check_features(self.features)
        check_special_tokens(self.special_tokens)
        self._check_rows()
        # Checks the types and formats of the output.
        records = self.records
        if not (records.kept and widths_of_tokens(self.features)):
            object.__setattr__(self, "keep_fields_in", ONLY_POOLED)
        self._check_shaping()
        self._check_dedup()
        if self.batching.length_group and self.compute.xla_buckets:
            raise ValueError(
                "--length_group is for batches of any width: leave it out, or give --xla_buckets 0"
            )
        self._check_update()
        self._check_reuse()
        check_max_seq_length(self.windows.max_seq_length, self.input.read.pairs)
        if self.keep_tokens and not widths_of_tokens(self.features):
            raise ValueError(
                "--keep_tokens needs sequence records: add sequence_output to --features"
            )
        if self.windows_of_rows.stride and self.input.read.pairs:
            raise ValueError(
                "--window_stride is for documents of one text; pairs are truncated: leave it out, "
                "or add --rows windows"
            )

    def _check_rows(self) -> None:
        names = [field.name for field in self.input.read.kept]
        self.rows.check_fields(names, self.input.read.template)
        # Checks the fields that windows repeat.
        self.rows.cut_fields(self.input.read.template, self.input.read.pairs)

    def _check_shaping(self) -> None:
        if self.shaping != Shaping() and not self.records.of_documents:
            raise ValueError(
                "--normalize and --truncate_dim are for vectors of documents; add one, such as "
                "mean, to --features, or leave them out"
            )

    def _check_dedup(self) -> None:
        if self.dedup not in flags.DEDUPS:
            raise ValueError(f"--dedup is {self.dedup!r}; there are {', '.join(flags.DEDUPS)}")
        if self.dedup == flags.CORPUS and widths_of_tokens(self.features):
            raise ValueError(
                "--dedup corpus is for one vector a document: remove sequence_output and layers "
                "from --features, or use --dedup part"
            )

    def _check_update(self) -> None:
        if self.check not in CHECKS:
            raise ValueError(f"--check is {self.check!r}; there are {', '.join(CHECKS)}")
        if not self.update:
            if self.check != BY_TIME:
                raise ValueError(f"--check {self.check} is used only with --update; add --update")
            return
        if self.overwrite:
            raise ValueError("--update keeps what --overwrite deletes: give one of them")
        if self.dedup == flags.CORPUS:
            raise ValueError(
                "--update is for --dedup part: with --dedup corpus a vector depends on the files "
                "that share the document; embed the new corpus into another folder"
            )

    def _check_reuse(self) -> None:
        if self.reuse is None:
            return
        _refuse_secret("--reuse", self.reuse)
        if self.reuse == self.output:
            raise ValueError(
                "--reuse is the folder of --output, whose earlier parts --update takes by itself: "
                "leave it out"
            )
        obstacle = self.obstacle_to_reuse
        if obstacle:
            raise ValueError(f"--reuse: {obstacle}")

    @property
    def obstacle_to_reuse(self) -> str | None:
        """Why no vector of an earlier part can be taken, with a remedy; None if they can be."""
        if widths_of_tokens(self.features):
            return "vectors of tokens are always computed; leave sequence_output and layers out"
        if self.dedup == flags.CORPUS:
            return "--dedup corpus has another table of vectors; use --dedup part"
        return self._obstacle_to_digests

    @property
    def keeps_digests(self) -> bool:
        """Whether later jobs may take vectors from the parts of this one."""
        return bool(self.records.of_documents) and self._obstacle_to_digests is None

    @property
    def _obstacle_to_digests(self) -> str | None:
        if not self.batching.length_group:
            return (
                "the last bits of a vector depend on its batch; this needs --engine openvino and "
                "--length_group 8"
            )
        return None

    @property
    def windows_of_rows(self) -> WindowConfig:
        """How the model reads a record's text, which fits into its input if it is a window."""
        return WindowConfig(self.windows.max_seq_length) if self.rows.are_windows else self.windows

    @property
    def cut_fields(self) -> CutFields | None:
        """The fields of a composed text that are cut, if windows repeat the others."""
        return self.rows.cut_fields(self.input.read.template, self.input.read.pairs)

    @property
    def row_fields(self) -> tuple[str, ...]:
        """The fields that records have of their rows, as `name:type`."""
        return self.rows.fields(self.input.read.template)

    @property
    def records(self) -> RecordConfig:
        """The configuration of the records."""
        return RecordConfig(
            features=self.features,
            keep_fields=(*self.input.read.keep_fields, *self.row_fields),
            keep_fields_in=self.keep_fields_in,
            segments=self.input.read.pairs,
            tokens=self.keep_tokens,
            token_fields=self.keep_tokens and self.input.read.template is not None,
            dtype=self.dtype,
            shaping=self.shaping,
            format=self.output_format,
            compression=self.compression,
        )

    def records_by(self, model: str) -> RecordConfig:
        """Return the configuration of records whose schemas also describe the job.

        Args:
            model: fingerprint of the module.
        """
        job = {"format_version": FORMAT_VERSION, "model": model, "embed": self.identity()}
        return dataclasses.replace(self.records, about=json.dumps(job))

    def identity(self) -> dict[str, FlagValue]:
        """Return, by flag, what decides the output: jobs that differ here cannot share a folder.

        The size of batches is part of it: vectors depend on their batch in the last bits.
        `conversion.from_identity` is the inverse.
        """
        values = {row: value_at(self, row.path) for row in flags.FLAGS if row.decides_output}
        return {
            row.option: list(value) if isinstance(value, tuple) else value
            for row, value in values.items()
            if not (row.omitted_by_default and value == row.omitted_value)
        }


def value_at(config: EmbedConfig, path: str) -> Any:
    """Return the value of a field by its path, such as `shaping.truncate_dim`."""
    return functools.reduce(getattr, path.split("."), config)
