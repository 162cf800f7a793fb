"""A model that computes a job's features of texts, as one graph."""

import dataclasses
from collections.abc import Callable

import tensorflow as tf

from transforms import poolings
from transforms.bert.output_spec import Encoded
from transforms.bert.sentence_head import SentenceHead
from transforms.documents import TEXT, TEXT_B
from transforms.embedding.embed import EmbeddingConfig
from transforms.features import (
    ACCOUNT,
    DEFAULT,
    INPUT_IDS,
    LAYERS,
    NUM_TOKENS,
    NUM_UNKNOWN,
    NUM_WORDPIECES,
    POOLED_OUTPUT,
    SEGMENT_IDS,
    SENTENCE,
    SEQUENCE_OUTPUT,
    TRUNCATED,
    widths_of_tokens,
)
from transforms.serving.graph_encoder import GraphEncoder
from transforms.serving.graph_head import apply_head, shape
from transforms.serving.graph_windows import PaddedWindows, cut_in_graph
from transforms.wordpiece.preprocessing import Tensors
from transforms.wordpiece.special_tokens import SPECIAL_TOKENS


@dataclasses.dataclass
class ServingParts:
    """What a model for serving is made of.

    Attributes:
        texts: names of the inputs.
        tokenize: from texts to BERT's inputs; see `preprocessing.model_inputs`.
        tokenizer: what holds the tables of `tokenize`; None if they are constants.
        encoder: runs the model.
        embedding: what is computed.
        head: the steps of `sentence`; None if the model has none.
    """

    texts: tuple[str, ...]
    tokenize: Callable[[Tensors], Tensors]
    tokenizer: tf.Module | None
    encoder: GraphEncoder
    embedding: EmbeddingConfig
    head: SentenceHead | None


class ServingModel(tf.Module):
    """Computes the features of a job for texts.

    A text that a job would reject, because it has no wordpieces or is not UTF-8, gets vectors of
    zeros and counts of 0, so that the other texts of its batch are served.
    """

    def __init__(self, parts: ServingParts) -> None:
        super().__init__()
        self.encoder = parts.encoder
        # Refers to what the graph needs, so that it is saved.
        self.tokenizer = parts.tokenizer
        self._parts = parts

    def trace(self) -> tf.types.experimental.ConcreteFunction:
        """Return the function from texts, by the names of the inputs, to features."""
        specs = [tf.TensorSpec([None], tf.string, name=name) for name in self._parts.texts]

        def serve(text: tf.Tensor) -> Tensors:
            return self._serve({TEXT: text})

        def serve_pairs(text: tf.Tensor, text_b: tf.Tensor) -> Tensors:
            return self._serve({TEXT: text, TEXT_B: text_b})

        function = serve if len(specs) == 1 else serve_pairs
        return tf.function(function, autograph=False).get_concrete_function(*specs)

    def _serve(self, texts: Tensors) -> Tensors:
        """Embed texts.

        Args:
            texts: string [documents] each, UTF-8.

        Returns:
            float32 [documents, width] for each feature of documents; float32 [documents, longest,
            width] for each feature of tokens, 0 behind the last token; int64 [documents] for each
            count.
        """
        is_utf8 = tf.reduce_all([_is_utf8(text) for text in texts.values()], axis=0)
        inputs = self._parts.tokenize(
            {name: tf.where(is_utf8, text, "") for name, text in texts.items()}
        )
        ids, segments = inputs[INPUT_IDS], inputs[SEGMENT_IDS]
        of_first_text = tf.reduce_sum(tf.cast(segments == 0, tf.int64), axis=1)
        is_valid = of_first_text > SPECIAL_TOKENS
        outputs = self._vectors(ids, segments)
        outputs[NUM_TOKENS] = ids.row_lengths()
        for name in (NUM_WORDPIECES, NUM_UNKNOWN, TRUNCATED):
            outputs[name] = inputs[name]
        return {name: _where(is_valid, output, name) for name, output in outputs.items()}

    def _vectors(self, ids: tf.RaggedTensor, segments: tf.RaggedTensor) -> Tensors:
        config = self._parts.embedding
        padded = cut_in_graph(ids.row_splits, config.windows)
        encoded = self.encoder(
            padded.pad(ids.flat_values, config.pad_id),
            tf.cast(padded.mask, tf.int32),
            padded.pad(segments.flat_values, 0),
        )
        vectors = {key: self._of_documents(*key, encoded, padded) for key in config.of_windows}
        if self._parts.head is not None and config.of_sentence:
            pooled = [vectors[key] for key in config.of_sentence]
            vectors[SENTENCE, 0] = apply_head(self._parts.head, pooled)
        outputs = {name: shape(vectors[name, 0], config.shaping) for name in config.of_documents}
        of_tokens = {SEQUENCE_OUTPUT: encoded.sequence, LAYERS: encoded.layers}
        for name in widths_of_tokens(config.features):
            kept = tf.boolean_mask(of_tokens[name], padded.kept)
            rows = tf.RaggedTensor.from_row_splits(kept, ids.row_splits, validate=False)
            outputs[name] = rows.to_tensor()
        return outputs

    def _of_documents(
        self, name: str, first: int, encoded: Encoded[tf.Tensor], padded: PaddedWindows
    ) -> tf.Tensor:
        """Pool the tokens of windows from the first on, and combine windows."""
        of_model = {POOLED_OUTPUT: encoded.pooled, DEFAULT: encoded.default}
        pooling = poolings.find("cls" if name in of_model else name)
        if name in of_model:
            vectors = of_model[name]
        else:
            kept = _kept_from(first, padded) if first else padded.kept
            vectors = pooling.pool_in_graph(encoded.sequence, kept)
        if not self._parts.embedding.windows.stride:
            return vectors
        # Vectors of windows, like those of `cls`, are weighted by the windows' lengths.
        return pooling.combine_in_graph(vectors, padded.windows)


def _is_utf8(text: tf.Tensor) -> tf.Tensor:
    """Return which texts are UTF-8; bool [documents]."""
    valid = tf.strings.unicode_transcode(text, "UTF-8", "UTF-8", errors="ignore")
    return valid == text


def _where(is_valid: tf.Tensor, output: tf.Tensor, name: str) -> tf.Tensor:
    """Return an output with zeros for documents that are not valid."""
    rank = 1 if name in ACCOUNT else output.shape.rank
    return tf.where(tf.reshape(is_valid, [-1] + [1] * (rank - 1)), output, 0)


def _kept_from(first: int, padded: PaddedWindows) -> tf.Tensor:
    """Return the tokens that count, from the first on; bool [windows, width]."""
    columns = tf.range(tf.shape(padded.kept, tf.int64)[1])
    last = padded.windows.lengths[:, tf.newaxis] - 1
    return padded.kept & (columns >= tf.minimum(tf.constant(first, tf.int64), last))
