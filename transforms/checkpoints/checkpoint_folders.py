"""Read published BERT weights: folders of Hugging Face, and Google's TensorFlow checkpoints."""

import dataclasses
from pathlib import Path

from transforms.bert.architecture import GELUS
from transforms.bert.tensor_bundle import TensorBundle
from transforms.bert.variables import stores_objects
from transforms.checkpoints import (
    checkpoint_sources,
    garden_checkpoint,
    google_checkpoint,
    hugging_face_checkpoint,
    sentence_folder,
    transformer_folder,
)
from transforms.checkpoints.checkpoint import Checkpoint, UnstatedError

# Characters of a message: names and values in a hostile file may be long.
_MOST_SHOWN = 1000


def read_checkpoint(
    path: Path, *, gelu: str | None = None, do_lower_case: bool | None = None
) -> Checkpoint:
    """Read a checkpoint of either kind.

    Args:
        path: a folder with config.json, model.safetensors, and tokenizer.json or vocab.txt
            (Hugging Face), itself or in the subfolder that modules.json names; a folder with
            bert_config.json, a checkpoint of TensorFlow and vocab.txt (Google); or the prefix of
            one of several checkpoints of TensorFlow in its folder.
        gelu: overrides the folder's.
        do_lower_case: overrides the folder's.

    Raises:
        UnstatedError: the folder does not state the gelu or the casing.
        ValueError: it is neither kind, not a BERT, or its files do not fit together. The message
            names the folder and the file.
        OSError: a file cannot be read.
    """
    if gelu is not None and gelu not in GELUS:
        raise ValueError(f"`gelu` is {gelu!r}; it is one of {', '.join(GELUS)}")
    source = checkpoint_sources.find_source(path)
    if source is None:
        raise ValueError(checkpoint_sources.describe(path))
    try:
        if source.prefix is not None and source.config is not None:
            is_garden = stores_objects(TensorBundle(source.prefix))
            read = garden_checkpoint.read if is_garden else google_checkpoint.read
            return read(source.prefix, source.config, gelu, do_lower_case)
        transformer = transformer_folder.find(source.folder)
        checkpoint = hugging_face_checkpoint.read(transformer, gelu, do_lower_case)
        return _with_sentence(checkpoint, source.folder, transformer, do_lower_case)
    except UnstatedError as error:
        raise UnstatedError(f"{path}: {str(error)[:_MOST_SHOWN]}", error.setting) from error
    except ValueError as error:
        raise ValueError(f"{path}: {str(error)[:_MOST_SHOWN]}") from error
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        # A setting or a file has a form that no BERT has; the error names it.
        raise ValueError(f"{path} does not contain a usable BERT: {error}") from error


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
    lowers = do_lower_case is None and sentence_folder.lower_cases(transformer)
    if lowers and not rules.do_lower_case:
        # The text is lower-cased before its tokens are looked up: those with capitals never occur.
        found = tuple(token for token in rules.normalized_tokens if token == token.lower())
        rules = dataclasses.replace(rules, do_lower_case=True, normalized_tokens=found)
    sentence = sentence_folder.read_sentence(folder, checkpoint.shape)
    return dataclasses.replace(checkpoint, rules=rules, sentence=sentence)
