"""Find the checkpoint of TensorFlow that a path means, by its prefix.

A checkpoint is PREFIX.index with PREFIX.data-*. TensorFlow's training loops write several of them
into a folder, and name the last one in a file `checkpoint`.
"""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from transforms import escaping
from transforms.bert.sorted_table import ends_as_table

_INDEX = ".index"
# Of TensorFlow's training loops: a CheckpointState in the text format of protocol buffers.
_STATE = "checkpoint"
_NAMED = re.compile(rb'^\s*model_checkpoint_path\s*:\s*"([^"\\\r\n]+)"\s*$', re.MULTILINE)
_MOST_STATE_BYTES = 1 << 20
_MOST_LISTED = 5


def prefix_named_by(source: Path) -> Path | None:
    """Return the prefix of the checkpoint that a path itself names; None if it names none.

    Args:
        source: PREFIX or PREFIX.index.

    Raises:
        ValueError: it is a checkpoint of another format.
    """
    if source.is_dir():
        return None
    if source.suffix == _INDEX and source.is_file():
        return source.with_suffix("")
    if Path(f"{source}{_INDEX}").is_file():
        return source
    _refuse_first_format([source])
    return None


def find_prefix(folder: Path) -> Path:
    """Return the prefix of a folder's only checkpoint, or of that which its `checkpoint` names.

    Raises:
        ValueError: there is none, or it is not clear which.
        OSError: the folder cannot be read.
    """
    # Unlike glob, listdir raises the errors of a disk.
    paths = [folder / name for name in sorted(os.listdir(folder))]
    prefixes = [path.with_suffix("") for path in paths if path.suffix == _INDEX and path.is_file()]
    if len(prefixes) == 1:
        return prefixes[0]
    if not prefixes:
        _refuse_first_format(path for path in paths if "ckpt" in path.name)
        raise ValueError("it has no checkpoint of TensorFlow: there is no file *.ckpt*.index")
    named = _named_in_state(folder / _STATE)
    if named in [prefix.name for prefix in prefixes]:
        return folder / named
    why = f"its file {_STATE} names {named}, which is missing" if named else "it has several"
    raise ValueError(f"which checkpoint? {why}: give the path of one ({_listed(prefixes)})")


def _named_in_state(path: Path) -> str:
    """Return the name, without its folder, of the checkpoint that a state names, or nothing.

    The folder may have been moved since, and the file may lead anywhere.
    """
    try:
        with open(path, "rb") as file:
            match = _NAMED.search(file.read(_MOST_STATE_BYTES))
    except (FileNotFoundError, IsADirectoryError):
        return ""
    name = match[1].decode("utf-8", "replace").rpartition("/")[2] if match else ""
    return escaping.one_line(name)


def _listed(prefixes: list[Path]) -> str:
    names = ", ".join(escaping.one_line(str(prefix)) for prefix in prefixes[:_MOST_LISTED])
    return f"{names}, …" if len(prefixes) > _MOST_LISTED else names


def _refuse_first_format(paths: Iterable[Path]) -> None:
    """Raise ValueError if a file is a checkpoint of the format before 2017, a table in one file."""
    for path in paths:
        if path.is_file() and ends_as_table(path):
            raise ValueError(
                f"{path.name} is a checkpoint in TensorFlow's format V1, which has no .index: "
                "restore it with tf.compat.v1.train.Saver, and save it again"
            )
