"""Read published BERT weights: folders of Hugging Face, and Google's TensorFlow checkpoints."""

import dataclasses
from pathlib import Path

from transforms.bert import (
    google_checkpoint,
    hugging_face_checkpoint,
    sentence_folder,
    transformer_folder,
)
from transforms.bert.architecture import GELUS
from transforms.bert.checkpoints import Checkpoint
from transforms.io import path_kinds

# Characters of a message: names and values in a hostile file may be long.
_MOST_SHOWN = 1000


def read_checkpoint(
    folder: Path, *, gelu: str | None = None, do_lower_case: bool | None = None
) -> Checkpoint:
    """Read a folder of either kind.

    Args:
        folder: holds config.json, model.safetensors, and tokenizer.json or vocab.txt (Hugging
            Face), itself or in the subfolder that modules.json names; or bert_config.json,
            bert_model.ckpt.* and vocab.txt (Google).
        gelu: overrides the folder's.
        do_lower_case: overrides the folder's.

    Raises:
        ValueError: it is neither kind, not a BERT, or its files do not fit together. The message
            names the folder and the file.
        OSError: a file cannot be read.
    """
    if gelu is not None and gelu not in GELUS:
        raise ValueError(f"`gelu` is {gelu!r}; it is one of {', '.join(GELUS)}")
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder: {path_kinds.describe(str(folder))}")
    try:
        if (folder / "bert_config.json").is_file():
            return google_checkpoint.read(folder, gelu, do_lower_case)
        transformer = transformer_folder.find(folder)
        if (transformer / "config.json").is_file():
            checkpoint = hugging_face_checkpoint.read(transformer, gelu, do_lower_case)
            return _with_sentence(checkpoint, folder, transformer, do_lower_case)
    except ValueError as error:
        raise ValueError(f"{folder}: {str(error)[:_MOST_SHOWN]}") from error
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        # A setting or a file has a form that no BERT has; the error names it.
        raise ValueError(f"{folder} does not contain a usable BERT: {error}") from error
    raise ValueError(
        f"{folder} has neither config.json (Hugging Face) nor bert_config.json (Google)"
    )


def _with_sentence(
    checkpoint: Checkpoint, folder: Path, transformer: Path, do_lower_case: bool | None
) -> Checkpoint:
    """Add what sentence-transformers stores beside a checkpoint.

    Args:
        checkpoint: of the folder.
        folder: holds modules.json.
        transformer: the folder of the first module.
        do_lower_case: overrides the folder's.
    """
    rules = checkpoint.rules
    if do_lower_case is None and sentence_folder.lower_cases(transformer):
        rules = dataclasses.replace(rules, do_lower_case=True)
    sentence = sentence_folder.read_sentence(folder, checkpoint.shape.hidden_size)
    return dataclasses.replace(checkpoint, rules=rules, sentence=sentence)
