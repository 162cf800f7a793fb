"""Flags to configurations: our own through `EmbedConfig`, Beam's passed through untouched.

Our flags are no subclass of PipelineOptions: Beam registers every subclass for the whole process,
and whoever imports this package would then have to give --input to any pipeline of their own.
"""

import argparse
import contextlib
import dataclasses
import difflib
import io
import json
from collections.abc import Callable, Sequence
from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions

from pipeline.errors import UsageError
from pipeline.options import flags
from transforms.batching.batches import BatchingConfig
from transforms.batching.windows import WindowConfig
from transforms.bert.compute import AUTO, ComputeConfig, buckets_for, fastest, positions_for
from transforms.documents import FORMAT_VERSION
from transforms.features import FLOAT32, check_features, split_features, widths_of_tokens
from transforms.io.transcoding import check_encoding
from transforms.records.postprocess import Shaping
from transforms.records.record_config import NONE, TFRECORD, RecordConfig
from transforms.sources.base import ReadConfig, names
from transforms.wordpiece.special_tokens import check_max_seq_length

_PART_BYTES_WITH_TOKENS = 256 << 10
_PART_BYTES = 1 << 20


@dataclasses.dataclass(frozen=True)
class InputConfig:
    """Where documents come from.

    Attributes:
        globs: as given.
        format: a name in `transforms.sources`, or `auto`.
        read: how records become documents.
    """

    globs: tuple[str, ...]
    format: str
    read: ReadConfig

    def __post_init__(self) -> None:
        if self.format != "auto" and self.format not in names():
            raise ValueError(
                f"--input_format is {self.format!r}; there are auto, {', '.join(names())}"
            )


@dataclasses.dataclass(frozen=True)
class Limits:
    """Shares, from 0 to 1, of what may be lost; named as in `receipts.shares`.

    Attributes:
        rejected: of all documents, those not embedded.
        truncated: of the embedded documents, those that were cut.
        unknown: of their wordpieces, those that the model does not know.
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
    """Everything `embed` was told.

    Attributes:
        input: where documents come from.
        output: folder for the results.
        model: handle of the module, or `minilm`.
        model_sha256: fingerprint it must have, or None.
        windows: positions of the longest input, and how longer documents are read.
        features: as asked for; see `features.check_features`.
        keep_tokens: whether sequence records tell wordpieces as text, and where they came from.
        dtype: what vectors are stored in.
        shaping: what is done to vectors of documents before.
        output_format, compression: of the files of records.
        batching: how batches are cut.
        compute: by which engine, and how exactly.
        limits: what may be lost before the job fails, at its end.
        dedup: what a repeated document is looked for in: its part, or the corpus.
        overwrite: delete an earlier job's output first.
        max_output_gb: do not begin a job that would write more, by estimate.
        min_cosine: do not begin a job whose precision turns vectors further than that.
    """

    input: InputConfig
    output: str
    model: str = flags.DEFAULT_MODEL
    model_sha256: str | None = None
    windows: WindowConfig = dataclasses.field(default_factory=WindowConfig)
    features: tuple[str, ...] = ("pooled_output", "sequence_output")
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
    max_output_gb: float = 100.0
    min_cosine: float = 0.99

    def __post_init__(self) -> None:
        if set(self.output) & set("*?["):
            raise ValueError(
                f"--output is {self.output}; choose a name without * ? [, which TensorFlow expands"
            )
        if not self.max_output_gb > 0:
            raise ValueError(f"--max_output_gb is {self.max_output_gb}; give gigabytes above 0")
        if not -1.0 <= self.min_cosine <= 1.0:
            raise ValueError(f"--min_cosine is {self.min_cosine}; give a cosine, from -1 to 1")
        check_features(self.features)
        # Checks the types and the formats of what is written.
        _ = self.records
        self._check_shaping()
        self._check_dedup()
        check_max_seq_length(self.windows.max_seq_length, self.input.read.pairs)
        if self.keep_tokens and not widths_of_tokens(self.features):
            raise ValueError(
                "--keep_tokens adds to sequence records; add sequence_output to --features"
            )
        if self.windows.stride and self.input.read.pairs:
            raise ValueError(
                "--window_stride is for documents of one text; pairs are cut to fit: leave it out"
            )

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
                "--dedup corpus is for one vector a document; leave sequence_output and layers out "
                "of --features, or --dedup at part"
            )

    @property
    def records(self) -> RecordConfig:
        """What stands in the records."""
        return RecordConfig(
            features=self.features,
            keep_fields=self.input.read.keep_fields,
            segments=self.input.read.pairs,
            tokens=self.keep_tokens,
            dtype=self.dtype,
            shaping=self.shaping,
            format=self.output_format,
            compression=self.compression,
        )

    def records_by(self, model: str) -> RecordConfig:
        """Tell of the job, too, in schemas that can hold it: of what model, by its fingerprint."""
        told = {"format_version": FORMAT_VERSION, "model": model, "embed": self.identity()}
        return dataclasses.replace(self.records, about=json.dumps(told))

    def identity(self) -> dict[str, Any]:
        """Give, by flag, what decides the output: two runs that differ here cannot share a folder.

        How batches are cut is not part of it: vectors are the same within float32 rounding.
        """
        return {
            "--input": list(self.input.globs),
            "--input_format": self.input.format,
            "--text_field": self.input.read.text_field,
            "--text_b_field": self.input.read.text_b_field,
            "--pair_separator": self.input.read.pair_separator,
            "--id_field": self.input.read.id_field,
            "--keep_fields": list(self.input.read.keep_fields),
            "--encoding": self.input.read.encoding,
            "--part_bytes": self.input.read.part_bytes,
            "--max_seq_length": self.windows.max_seq_length,
            "--window_stride": self.windows.stride,
            "--features": list(self.features),
            "--keep_tokens": self.keep_tokens,
            "--dtype": self.dtype,
            "--normalize": self.shaping.normalize,
            "--truncate_dim": self.shaping.truncate_dim,
            "--output_format": self.output_format,
            "--compression": self.compression,
            "--engine": self.compute.engine,
            "--precision": self.compute.precision,
            "--xla_buckets": self.compute.xla_buckets,
            "--dedup": self.dedup,
        }


def embed_config(arguments: argparse.Namespace) -> EmbedConfig:
    """Translate parsed flags.

    Raises:
        UsageError: a value means nothing; the message names the flag.
    """
    if not arguments.output:
        raise UsageError("--output is empty; name a folder")
    features = split_features(arguments.features)
    default = _PART_BYTES_WITH_TOKENS if widths_of_tokens(features) else _PART_BYTES
    engine = fastest() if arguments.engine == AUTO else arguments.engine
    buckets, positions = arguments.xla_buckets, arguments.tokens_per_batch
    try:
        buckets = buckets_for(engine) if buckets is None else buckets
        positions = positions_for(engine) if positions is None else positions
        return EmbedConfig(
            input=input_config(
                arguments,
                keep_fields=_names(arguments.keep_fields),
                part_bytes=default if arguments.part_bytes is None else arguments.part_bytes,
            ),
            output=arguments.output.rstrip("/") or "/",
            model=arguments.model,
            model_sha256=arguments.model_sha256,
            windows=WindowConfig(arguments.max_seq_length, arguments.window_stride),
            features=features,
            keep_tokens=arguments.keep_tokens,
            dtype=arguments.dtype,
            shaping=Shaping(arguments.truncate_dim, arguments.normalize),
            output_format=arguments.output_format,
            compression=arguments.compression,
            batching=BatchingConfig(positions),
            compute=ComputeConfig(engine, arguments.precision, buckets),
            limits=Limits(
                rejected=arguments.max_rejected,
                truncated=arguments.max_truncated,
                unknown=arguments.max_unknown,
            ),
            dedup=arguments.dedup,
            overwrite=arguments.overwrite,
            max_output_gb=arguments.max_output_gb,
            min_cosine=arguments.min_cosine,
        )
    except ValueError as error:
        raise UsageError(str(error)) from error


def input_config(arguments: argparse.Namespace, **read: Any) -> InputConfig:
    """Translate the flags that say where documents come from.

    Raises:
        ValueError: a value means nothing; the message names the flag.
    """
    return InputConfig(
        globs=tuple(arguments.input),
        format=arguments.input_format,
        read=ReadConfig(
            text_field=arguments.text_field,
            text_b_field=arguments.text_b_field,
            pair_separator=arguments.pair_separator,
            id_field=arguments.id_field,
            encoding=check_encoding(arguments.encoding),
            **read,
        ),
    )


def beam_options(arguments: Sequence[str]) -> PipelineOptions:
    """Hand over what is left to Beam, refusing what neither we nor Beam know.

    Args:
        arguments: what our own parser did not take.

    Raises:
        UsageError: a flag is unknown, and the message offers the nearest one; or its value is none.
    """
    known = _beam_flags()
    for before, argument in zip(["", *arguments], arguments, strict=False):
        flag = argument.split("=", 1)[0]
        if not flag.startswith("-"):
            if not before.startswith("-") or "=" in before:
                raise UsageError(f"{argument!r} belongs to no flag: quote what belongs together")
        elif flag not in known:
            near = difflib.get_close_matches(flag, known | _our_flags(), n=1)
            remedy = f"did you mean {near[0]}?" if near else "see beam-bert embed --help"
            raise UsageError(f"unknown flag {flag}: {remedy}")
    return _parsed(arguments)


def _parsed(arguments: Sequence[str]) -> PipelineOptions:
    """Have Beam parse now what it would parse, and exit over, in the middle of a job."""
    found = PipelineOptions(list(arguments))
    with contextlib.redirect_stderr(io.StringIO()) as told:
        try:
            found.get_all_options()
        except SystemExit as end:
            why = told.getvalue().strip().rpartition("error: ")[2]
            raise UsageError(f"{why}; that flag is Beam's") from end
    return found


def _beam_flags() -> set[str]:
    return _flags_of(
        lambda parser: [
            subclass._add_argparse_args(parser) for subclass in PipelineOptions.__subclasses__()
        ]
    )


def _our_flags() -> set[str]:
    return _flags_of(flags.add_embed_flags)


def _flags_of(add: Callable[[argparse.ArgumentParser], object]) -> set[str]:
    parser = argparse.ArgumentParser(conflict_handler="resolve")
    add(parser)
    return {flag for action in parser._actions for flag in action.option_strings}


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
