"""The module of TF Hub as its users call it: in corpus order, 32 documents at a time.

The ids are those of our tokenizer; each batch is padded to its longest.
"""

import time
from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.peers.measured import telling
from pipeline.console import quiet

_BATCH = 32


def main() -> None:
    """Embed, and tell."""
    arguments = telling.parser(__doc__).parse_args()
    documents = telling.read(arguments.input)
    quiet.import_tensorflow()
    embed = _load(arguments.model, arguments.max_seq_length)
    embed(documents[:2])
    ready, started = time.time(), time.perf_counter()
    batches = [documents[n : n + _BATCH] for n in range(0, len(documents), _BATCH)]
    vectors = np.concatenate([embed(batch) for batch in batches])
    seconds = time.perf_counter() - started
    told = telling.Measured(ready, seconds, len(documents), {"batch": _BATCH})
    telling.tell(told, vectors, arguments.vectors)


def _load(handle: str, max_seq_length: int) -> Callable[[Sequence[str]], np.ndarray]:
    """Load the module as a function of texts to the means of their token vectors."""
    import tensorflow as tf
    import tensorflow_hub as hub

    from transforms.bert import minilm, module
    from transforms.documents import TEXT
    from transforms.features import INPUT_IDS, SEQUENCE_OUTPUT
    from transforms.wordpiece.preprocessing import WordpieceConfig, model_inputs

    inspected = module.inspect(minilm.resolve(handle))
    loaded = hub.load(str(inspected.path), tags=[])
    signature = loaded.signatures["tokens"]
    config = WordpieceConfig(max_seq_length, inspected.do_lower_case)
    inputs = model_inputs(config, inspected.vocabulary)
    # Traced once, for a loop of single operations would be slower than it has to be.
    tokenize = tf.function(
        lambda texts: inputs({TEXT: texts})[INPUT_IDS],
        input_signature=[tf.TensorSpec([None], tf.string)],
    )

    def embed(texts: Sequence[str]) -> np.ndarray:
        ragged = tokenize(tf.constant(texts, tf.string))
        mask = tf.cast(tf.sequence_mask(ragged.row_lengths()), tf.int32)
        ids = tf.cast(ragged.to_tensor(inspected.vocabulary.pad_id), tf.int32)
        given = {"input_ids": ids, "input_mask": mask, "segment_ids": tf.zeros_like(ids)}
        vectors = signature(**given)[SEQUENCE_OUTPUT]
        weights = tf.cast(mask, tf.float32)[:, :, tf.newaxis]
        means = tf.reduce_sum(vectors * weights, 1) / tf.reduce_sum(weights, 1)
        # The module lives as long as what it was loaded for.
        assert loaded is not None  # noqa: S101
        result: np.ndarray = means.numpy()
        return result

    return embed


if __name__ == "__main__":
    main()
