"""Measure the TF Hub module as users call it: in corpus order, 32 documents at a time.

The ids are from our tokenizer. Each batch is padded to its longest document.
"""

import time
from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.peers.measured import reporting
from pipeline.console import quiet

_BATCH = 32


def main() -> None:
    """Embed, and print the figures."""
    arguments = reporting.parser(__doc__).parse_args()
    documents = reporting.read(arguments.input)
    quiet.import_tensorflow()
    embed = _load(arguments.model, arguments.max_seq_length)
    embed(documents[:2])
    ready, started = time.time(), time.perf_counter()
    batches = [documents[n : n + _BATCH] for n in range(0, len(documents), _BATCH)]
    vectors = np.concatenate([embed(batch) for batch in batches])
    seconds = time.perf_counter() - started
    figures = reporting.Figures(ready, seconds, len(documents), {"batch": _BATCH})
    reporting.report(figures, vectors, arguments.vectors)


def _load(handle: str, max_seq_length: int) -> Callable[[Sequence[str]], np.ndarray]:
    """Return a function from texts to the means of their token vectors."""
    import tensorflow as tf
    import tensorflow_hub as hub

    from transforms.bert import module
    from transforms.checkpoints import imported_models
    from transforms.documents import TEXT
    from transforms.features import INPUT_IDS, SEQUENCE_OUTPUT
    from transforms.wordpiece.preprocessing import WordpieceConfig, model_inputs

    inspected = module.inspect(imported_models.resolve(handle))
    loaded = hub.load(str(inspected.path), tags=[])
    signature = loaded.signatures["tokens"]
    config = WordpieceConfig(max_seq_length, inspected.rules)
    inputs = model_inputs(config, inspected.vocabulary)
    # One traced function is faster than a sequence of single operations.
    tokenize = tf.function(
        lambda texts: inputs({TEXT: texts})[INPUT_IDS],
        input_signature=[tf.TensorSpec([None], tf.string)],
    )

    def embed(texts: Sequence[str]) -> np.ndarray:
        ragged = tokenize(tf.constant(texts, tf.string))
        mask = tf.cast(tf.sequence_mask(ragged.row_lengths()), tf.int32)
        ids = tf.cast(ragged.to_tensor(inspected.vocabulary.pad_id), tf.int32)
        arguments = {"input_ids": ids, "input_mask": mask, "segment_ids": tf.zeros_like(ids)}
        vectors = signature(**arguments)[SEQUENCE_OUTPUT]
        weights = tf.cast(mask, tf.float32)[:, :, tf.newaxis]
        means = tf.reduce_sum(vectors * weights, 1) / tf.reduce_sum(weights, 1)
        # This reference keeps the module alive as long as the function.
        assert loaded is not None  # noqa: S101
        result: np.ndarray = means.numpy()
        return result

    return embed


if __name__ == "__main__":
    main()
