"""Read BERT folders of Hugging Face.

Neither torch nor transformers is needed: safetensors files hold plain arrays.
"""

import dataclasses
from pathlib import Path

from transforms.bert.shape import BertShape
from transforms.bert.vocabulary import read_tokens
from transforms.checkpoints import hugging_face_config, hugging_face_tokenizer, hugging_face_weights
from transforms.checkpoints.checkpoint import (
    Checkpoint,
    check_variables,
    dropout_from_config,
    read_json,
)
from transforms.checkpoints.hugging_face_tokenizer import FolderTokenizer

_WORDS = "bert/embeddings/word_embeddings"
# Tables are padded to a multiple of at most this number.
_MOST_PADDED = 128


def read(folder: Path, gelu: str | None, do_lower_case: bool | None) -> Checkpoint:
    """Read a folder with config.json; see `checkpoint_folders.read_checkpoint`."""
    config = read_json(folder / hugging_face_config.NAME)
    hugging_face_config.check(config)
    hugging_face_weights.check_no_adapter(folder)
    shape = hugging_face_config.read_shape(config)
    architecture = hugging_face_config.read_architecture(config, gelu)
    tokenizer = hugging_face_tokenizer.read(folder, config, do_lower_case)
    arrays = hugging_face_weights.read_arrays(folder)
    if "bert/pooler/dense/kernel" not in arrays:
        shape = dataclasses.replace(shape, pooler=False)
    variables = check_variables(arrays, shape)
    hugging_face_weights.check_all_are_used(arrays, variables)
    shape = _cut_to(tokenizer, shape)
    variables[_WORDS] = variables[_WORDS][: shape.vocab_size]
    return Checkpoint(
        shape=shape,
        variables=variables,
        vocabulary=tokenizer.vocabulary,
        rules=tokenizer.rules,
        architecture=architecture,
        dropout=dropout_from_config(config),
    )


def _cut_to(tokenizer: FolderTokenizer, shape: BertShape) -> BertShape:
    """Return the shape without the rows that pad the table of wordpieces.

    A vocabulary that misses many wordpieces is not cut to: it may be that of another model, or be
    cut short. `Checkpoint` refuses it.
    """
    size = len(read_tokens(tokenizer.vocabulary))
    padding = shape.vocab_size - size
    if padding > 0 and (tokenizer.is_whole or padding < _MOST_PADDED):
        return dataclasses.replace(shape, vocab_size=size)
    return shape
