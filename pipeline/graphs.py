"""The graphs of the main job, as in the picture of the README."""

import dataclasses
from collections.abc import Sequence

import apache_beam as beam
import tensorflow as tf
import tensorflow_transform as tft
from tensorflow.core.protobuf import saved_model_pb2

from pipeline.inputs import sampling
from pipeline.job_context import JobContext
from pipeline.options.embed_config import EmbedConfig
from pipeline.options.flags import CORPUS
from pipeline.options.job_rows import text_rows
from pipeline.output import layout
from pipeline.output.run_file import Run
from pipeline.runners import local
from transforms.batching.buckets import choose_boundaries, lengths_of_windows
from transforms.bert.module import BertModule
from transforms.bert.savedmodel_check import check_operations
from transforms.dedup.repeat_table import MAX_TABLE_BYTES, row_bytes
from transforms.documents import Split
from transforms.embedding.embed import EmbeddingConfig
from transforms.encode import EncodeConfig, EncodeParts
from transforms.io import storage
from transforms.io.saved_transform import readable_copy
from transforms.read import ReadParts
from transforms.receipts import Receipt
from transforms.records import record_files
from transforms.sources.base import ReadConfig
from transforms.splits.collecting import collect
from transforms.steps.analyze import AnalyzeParts
from transforms.steps.build_repeat_table import BuildRepeatTable, TableConfig
from transforms.steps.read_plan import ReadPlan, choose_lines
from transforms.steps.redistribute import RedistributeParts
from transforms.tokenize import TokenizeParts
from transforms.wordpiece.preprocessing import (
    LENGTH_QUANTILES,
    WordpieceConfig,
    transform_fingerprint,
)
from transforms.wordpiece.prompts import sentence_from
from transforms.write import WriteParts


def build_analyze(pipeline: beam.Pipeline, context: JobContext, folder: str) -> None:
    """Learn the transform from a sample.

    Args:
        pipeline: to add the graph to.
        context: the job.
        folder: for the transform; one that TensorFlow can write.
    """
    (
        pipeline
        | "Sample" >> beam.Create(sampling.read_parts(context.splits, context.config.input.read))
        | "Analyze"
        >> AnalyzeParts(
            wordpiece_config(context.config, context.module),
            context.module.vocabulary,
            folder=folder,
            temporary=storage.join(folder, storage.TEMPORARY, "analyze"),
            rows=text_rows(context.config, context.module),
        )
    )


@dataclasses.dataclass
class EmbedSplits(beam.PTransform):
    """Read, tokenize, encode and write planned splits."""

    plan: ReadPlan
    read: ReadParts | RedistributeParts
    tokenize: TokenizeParts
    encode: EncodeParts
    write: WriteParts

    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection[Receipt]:
        return (
            begin
            | "Plan" >> self.plan
            | "Spread" >> beam.Reshuffle()
            | "Read" >> self.read
            | "Tokenize" >> self.tokenize
            | "Encode" >> self.encode
            | "Write" >> self.write
        )


def build_embed(pipeline: beam.Pipeline, context: JobContext) -> None:
    """Embed the pending splits of a job.

    On a cluster, splits of many parts have a separate branch. If a Flatten joined both branches
    after reading, Beam's fusion in Java would make invalid graphs.
    """
    config, columns = context.config, collect(context.pending)
    encode = encode_config(context)
    if config.dedup == CORPUS:
        encode = dataclasses.replace(encode, repeats=config.output)
    if context.reuse is not None:
        encode = dataclasses.replace(encode, reuse=context.reuse)
    stages = (
        _tokenize(context),
        EncodeParts(encode),
        WriteParts(
            config.output,
            config.records_by(context.module.fingerprint),
            keep_digests=config.keeps_digests,
        ),
    )
    read = ReadParts(config.input.read, context.run.fingerprint, config.output)
    is_alone = columns.is_one_part | local.is_local(pipeline.options)
    alone, shared = columns.take(is_alone), columns.take(~is_alone)
    if alone:
        _ = pipeline | "Embed" >> EmbedSplits(_plan_of(config, alone), read, *stages)
    if shared:
        plan_of_shared = _plan_of(config, shared)
        _ = pipeline | "EmbedShared" >> EmbedSplits(
            plan_of_shared, RedistributeParts(read), *stages
        )


def _tokenize(context: JobContext) -> TokenizeParts:
    """Return the stage that applies the transform of the job, and no other."""
    rows = text_rows(context.config, context.module)
    transform = context.run.transform
    return TokenizeParts(context.config.output, rows, transform.sha256 if transform else None)


def build_repeats(pipeline: beam.Pipeline, context: JobContext) -> None:
    """Make the table of the documents that occur in several parts, from all splits."""
    config, widths = context.config, context.module.widths
    table = TableConfig(
        folder=config.output,
        run_fingerprint=context.run.fingerprint,
        read=config.input.read,
        rows=text_rows(config, context.module),
        encode=encode_config(context),
        widths=widths,
        most=MAX_TABLE_BYTES // row_bytes(config.features, widths),
    )
    _ = (
        pipeline
        | "Plan" >> _plan_of(config, context.splits)
        | "Spread" >> beam.Reshuffle()
        | "Table" >> BuildRepeatTable(table)
    )


def _plan_of(config: EmbedConfig, splits: Sequence[Split]) -> ReadPlan:
    return ReadPlan(choose_lines(storage.join(config.output, layout.PLAN_FILE), splits))


def encode_config(context: JobContext) -> EncodeConfig:
    """Return the configuration of the stage that runs the model."""
    embedding = embedding_config(context.config, context.module)
    return EncodeConfig(
        model=context.handle,
        model_sha256=context.module.fingerprint,
        embedding=with_boundaries(embedding, context.config, context.run),
        compute=context.config.compute,
    )


def embedding_config(config: EmbedConfig, module: BertModule) -> EmbeddingConfig:
    """Return what to compute, with what the module needs."""
    return EmbeddingConfig(
        features=config.features,
        windows=config.windows_of_rows,
        batching=config.batching,
        pad_id=module.vocabulary.pad_id,
        dtype=config.dtype,
        shaping=config.shaping,
        own_widths=module.widths.of_documents,
        sentence_poolings=module.sentence_poolings,
        sentence_from=sentence_from(
            module, module.prompt_of(config.prompt, config.features), config.special_tokens
        ),
    )


def with_boundaries(embedding: EmbeddingConfig, config: EmbedConfig, run: Run) -> EmbeddingConfig:
    """Add the widths that XLA compiles, chosen by the lengths that the transform learned."""
    if not config.compute.xla_buckets or run.transform is None:
        return embedding
    lengths, counts = lengths_of_windows(run.transform.length_quantiles, config.windows_of_rows)
    boundaries = choose_boundaries(lengths, counts, config.compute.xla_buckets)
    batching = dataclasses.replace(embedding.batching, boundaries=boundaries)
    return dataclasses.replace(embedding, batching=batching)


def wordpiece_config(config: EmbedConfig, module: BertModule) -> WordpieceConfig:
    """Return how the texts of a job become wordpieces."""
    windows = config.windows_of_rows
    longest = None if windows.stride else windows.max_seq_length
    return texts_to_wordpieces(
        config.input.read,
        module,
        longest,
        config.keep_tokens,
        module.prompt_of(config.prompt, config.features),
        config.special_tokens,
    )


def texts_to_wordpieces(
    read: ReadConfig,
    module: BertModule,
    max_seq_length: int | None,
    keep_tokens: bool,
    prompt: str,
    special_tokens: str,
) -> WordpieceConfig:
    """Return how texts become wordpieces; a `max_seq_length` of None truncates nothing."""
    separator = read.pair_separator
    return WordpieceConfig(
        max_seq_length=max_seq_length,
        rules=module.rules_with(special_tokens),
        pairs=read.pairs,
        keep_tokens=keep_tokens,
        separator_bytes=None if separator is None else len(separator.encode()),
        prompt=prompt,
    )


def check_transform(folder: str) -> None:
    """Check a saved transform before it runs: somebody else may have written it.

    Raises:
        ValueError: it is damaged, or has operations that our transforms never have.
        OSError: it cannot be read.
    """
    path = storage.join(folder, layout.SAVED_TRANSFORM)
    content = storage.read_whole(path)
    try:
        saved_model = saved_model_pb2.SavedModel.FromString(content)
    except Exception as error:  # protobuf's DecodeError differs by implementation
        raise ValueError(f"{path} is damaged: {error}") from error
    check_operations(saved_model, path)


def read_transform(config: EmbedConfig, module: BertModule) -> tuple[str, list[int]]:
    """Return the fingerprint of the job's wordpieces, and the quantiles its transform learned."""
    check_transform(config.output)
    settings = wordpiece_config(config, module)
    with readable_copy(config.output) as copy, tf.device("/CPU:0"):
        transform = tft.TFTransformOutput(copy)
        empty = {name: tf.constant([""]) for name in settings.texts}
        applied = transform.transform_raw_features(empty)
    quantiles = [int(value) for value in applied[LENGTH_QUANTILES].numpy()[0]]
    return fingerprint_of(config, module), quantiles


def fingerprint_of(config: EmbedConfig, module: BertModule) -> str:
    """Return the fingerprint of the wordpieces of a job; see `transform_fingerprint`."""
    return transform_fingerprint(wordpiece_config(config, module), module.vocabulary)


def write_schemas(config: EmbedConfig, module: BertModule) -> None:
    """Write the schema of each family of records."""
    records = config.records_by(module.fingerprint)
    for family in records.families:
        content = record_files.schema_content(family, records, module.widths)
        storage.write_bytes(config.output, f"{family}/{records.schema_file}", content)
