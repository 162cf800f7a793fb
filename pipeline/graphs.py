"""The two graphs of the main job, as the README's picture has them."""

import os
from collections.abc import Sequence

import apache_beam as beam
import tensorflow as tf
import tensorflow_transform as tft
from apache_beam.io.filesystems import FileSystems
from google.protobuf import text_format

from pipeline.options import EmbedConfig
from pipeline.reader import SCHEMA_FILE
from transforms import examples, storage
from transforms.analyze import AnalyzeParts
from transforms.bert.module import BertModule
from transforms.documents import TEXT, Split
from transforms.encode import EncodeConfig, EncodeParts
from transforms.read import ReadParts
from transforms.receipts import Receipt
from transforms.tokenize import TokenizeParts
from transforms.wordpiece import LENGTH_QUANTILES, WordpieceConfig, transform_fingerprint
from transforms.write import RECEIPTS, WriteParts


def build_analyze(
    pipeline: beam.Pipeline, config: EmbedConfig, module: BertModule, sample: Sequence[Split]
) -> None:
    """Read a sample and learn the transform from it."""
    (
        pipeline
        | "Sample" >> beam.Create(list(sample))
        | "Read" >> ReadParts(config.input.read, run_fingerprint="sample")
        | "Analyze"
        >> AnalyzeParts(
            wordpiece_config(config, module),
            module.vocabulary,
            folder=config.output,
            temporary=FileSystems.join(config.output, storage.TEMPORARY, "analyze"),
        )
    )


def build_embed(
    pipeline: beam.Pipeline,
    config: EmbedConfig,
    module: BertModule,
    handle: str,
    splits: Sequence[Split],
    run_fingerprint: str,
) -> beam.PCollection[Receipt]:
    """Read, tokenize, encode and write the given splits."""
    encode = EncodeConfig(
        model=handle,
        model_sha256=module.fingerprint,
        features=config.features,
        pad_id=module.vocabulary.pad_id,
        batching=config.batching,
    )
    receipts: beam.PCollection[Receipt] = (
        pipeline
        | "Plan" >> beam.Create(list(splits))
        | "Spread" >> beam.Reshuffle()
        | "Read"
        >> ReadParts(config.input.read, run_fingerprint, FileSystems.join(config.output, RECEIPTS))
        | "Tokenize" >> TokenizeParts(config.output)
        | "Encode" >> EncodeParts(encode)
        | "Write" >> WriteParts(config.output, tuple(examples.families(config.features)))
    )
    return receipts


def wordpiece_config(config: EmbedConfig, module: BertModule) -> WordpieceConfig:
    """Join what the user wants with what the module needs."""
    return WordpieceConfig(config.max_seq_length, module.do_lower_case)


def read_transform(config: EmbedConfig, module: BertModule) -> tuple[str, list[int]]:
    """Give the fingerprint of the saved transform, and the length quantiles it learned."""
    transform = tft.TFTransformOutput(config.output)
    with tf.device("/CPU:0"):
        applied = transform.transform_raw_features({TEXT: tf.constant([""])})
    quantiles = [int(value) for value in applied[LENGTH_QUANTILES].numpy()[0]]
    settings = wordpiece_config(config, module)
    return transform_fingerprint(settings, module.vocabulary, quantiles), quantiles


def write_schemas(config: EmbedConfig, module: BertModule) -> None:
    """Write the schema of each family of records."""
    for family in examples.families(config.features):
        schema = examples.schema(
            family, config.features, module.shape.hidden_size, config.input.read.keep_fields
        )
        text = text_format.MessageToString(schema)
        storage.write_text(config.output, os.path.join(family, SCHEMA_FILE), text)
