"""`tokenize`: what the model would read of each document, without running it."""

import contextlib
import json
from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from pipeline import plan
from pipeline.options import InputConfig
from transforms import rejects, storage
from transforms.bert.module import BertModule
from transforms.bert.vocabulary import Vocabulary
from transforms.documents import ID, REASON, TEXT
from transforms.read import read_split
from transforms.wordpiece import WordpieceTokenizer, add_special_tokens


def tokenize(
    config: InputConfig, module: BertModule, max_seq_length: int
) -> Iterator[tuple[str, bool]]:
    """Tokenize documents in corpus order.

    Yields:
        a JSON line, and whether it is of a rejected document: `{"id", "input_ids", "tokens"}` or
        `{"id", "source", "position", "reason", "detail"}`.

    Raises:
        UsageError: the input matches nothing.
        OSError: a file cannot be read.
    """
    tokenizer = WordpieceTokenizer(module.vocabulary, module.do_lower_case)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def input_ids(text: tf.Tensor) -> tf.RaggedTensor:
        wordpieces = tokenizer.tokenize(text)
        return add_special_tokens(wordpieces, module.vocabulary, max_seq_length)

    for split in plan.make_plan(config):
        with contextlib.closing(storage.open_for_reading(split.source.path)) as stream:
            for part in read_split(split, stream, config.read, run_fingerprint=""):
                sound = part.column(REASON).is_null()
                for line in rejects.reject_lines(part, split.source.path):
                    yield line, True
                kept = part.filter(sound)
                ids = input_ids(tf.constant(kept.column(TEXT).to_pylist(), tf.string))
                for id_, row in zip(kept.column(ID).to_pylist(), _rows(ids), strict=True):
                    yield _line(id_, row, module.vocabulary), False


def _rows(ids: tf.RaggedTensor) -> list[np.ndarray]:
    return np.split(ids.flat_values.numpy(), ids.row_splits.numpy()[1:-1])


def _line(id_: str, row: np.ndarray, vocabulary: Vocabulary) -> str:
    ids = row.tolist()
    tokens = [vocabulary.tokens[i] for i in ids]
    return json.dumps({"id": id_, "input_ids": ids, "tokens": tokens}, ensure_ascii=False)
