"""Write a model that computes a job's features of texts: a SavedModel, and the files of `Query`."""

import dataclasses
from pathlib import Path

import tensorflow as tf

from transforms.bert.examination import examine_with_weights
from transforms.bert.loading import reason_for_graph
from transforms.bert.meta_graph import read_saved_model
from transforms.bert.module import BertModule
from transforms.bert.output_spec import OutputSpec
from transforms.bert.savedmodel_check import check_operations
from transforms.bert.sentence_head import write_head
from transforms.bert.variables import bundle_of
from transforms.bert.vocabulary import write_tokens
from transforms.bert.weights import Weights
from transforms.embedding.embed import EmbeddingConfig
from transforms.io import durable
from transforms.io.watching import describe
from transforms.serving import measuring, query_settings
from transforms.serving.graph_encoder import GraphEncoder, ModuleEncoder, RebuiltEncoder
from transforms.serving.query_settings import QuerySettings, StoredArray, StoredEncoder
from transforms.serving.serving_model import ServingModel, ServingParts
from transforms.wordpiece.preprocessing import WordpieceConfig, traced_inputs

SIGNATURE = "serving_default"
# TensorFlow's key of a weight of `RebuiltEncoder`.
_KEY = "encoder/weights/{}/.ATTRIBUTES/VARIABLE_VALUE"


@dataclasses.dataclass(frozen=True)
class ServingConfig:
    """What a model for serving computes.

    Attributes:
        wordpieces: how texts become wordpieces.
        embedding: what is computed from them.
        transform: folder of the SavedModel that computed the wordpieces of the job; None to make
            that graph from the vocabulary.
    """

    wordpieces: WordpieceConfig
    embedding: EmbeddingConfig
    transform: Path | None = None


def export(module: BertModule, config: ServingConfig, destination: Path) -> None:
    """Write the model; its destination appears complete or not at all, also after a power cut.

    Args:
        module: the model of the job.
        config: what is computed.
        destination: does not exist, or is an empty folder.

    Raises:
        ValueError: the destination has files, or the model cannot be run.
        OSError: it cannot be written.
    """
    # A server reads the folders that have a number for a name: the temporary one has none.
    with durable.new_folder(destination, ".export-") as (folder, _):
        try:
            _write(module, config, folder)
        except tf.errors.OpError as error:
            raise OSError(describe(error)) from error


def _write(module: BertModule, config: ServingConfig, folder: Path) -> None:
    weights = weights_of(module, module.outputs(config.embedding.features))
    with tf.device("/CPU:0"):
        model = build(module, config, weights)
        tf.saved_model.save(model, str(folder), signatures={SIGNATURE: model.trace()})
    check_operations(read_saved_model(folder), folder)
    _write_query_files(module, config, weights, folder)


def weights_of(module: BertModule, outputs: OutputSpec) -> Weights | None:
    """Return the weights of the rebuilt encoder; None if only the module's graph will do."""
    _, weights = examine_with_weights(module)
    return None if isinstance(weights, str) or reason_for_graph(module, outputs) else weights


def build(module: BertModule, config: ServingConfig, weights: Weights | None) -> ServingModel:
    """Return the model, in memory; `weights` are those of `weights_of`."""
    outputs = module.outputs(config.embedding.features)
    encoder: GraphEncoder
    if weights is None:
        encoder = ModuleEncoder(module, outputs)
    else:
        encoder = RebuiltEncoder(weights, outputs)
    tokenize, tokenizer = traced_inputs(config.wordpieces, module.vocabulary), None
    if config.transform is not None:
        tokenizer = tf.saved_model.load(str(config.transform))
        tokenize = tokenizer.transform_fn
    parts = ServingParts(
        texts=config.wordpieces.texts,
        tokenize=tokenize,
        tokenizer=tokenizer,
        encoder=encoder,
        embedding=config.embedding,
        head=module.sentence,
    )
    return ServingModel(parts)


def _write_query_files(
    module: BertModule, config: ServingConfig, weights: Weights | None, folder: Path
) -> None:
    rules = config.wordpieces.rules
    (folder / query_settings.VOCABULARY).parent.mkdir(exist_ok=True)
    (folder / query_settings.VOCABULARY).write_bytes(write_tokens(module.vocabulary.tokens))
    (folder / query_settings.CHARACTERS).write_bytes(measuring.measure(rules).to_bytes())
    if module.sentence is not None:
        write_head(folder, module.sentence)
    settings = QuerySettings(
        version=query_settings.VERSION,
        model=module.fingerprint,
        texts=config.wordpieces.texts,
        rules=rules,
        prompt=config.wordpieces.prompt,
        embedding=config.embedding,
        encoder=None if weights is None else _stored(weights, folder),
        sentence=None if module.sentence is None else module.sentence.settings,
        sha256=query_settings.hash_files(folder),
    )
    query_settings.write_settings(folder, settings)


def _stored(weights: Weights, folder: Path) -> StoredEncoder:
    """Find the arrays of the rebuilt encoder in the file that TensorFlow wrote."""
    bundle = bundle_of(folder)
    arrays = {
        name: StoredArray(bundle.offset(_KEY.format(number)), array.shape)
        for number, (name, array) in enumerate(weights.variables.items())
    }
    return StoredEncoder(weights.shape, weights.architecture, arrays)
