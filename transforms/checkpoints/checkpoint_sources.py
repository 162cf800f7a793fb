"""What a path to a checkpoint means: which kind of folder it is, and the files that are read of it.

Nothing here imports TensorFlow or reads weights.
"""

import dataclasses
import os
from pathlib import Path

from transforms.bert import published_names
from transforms.checkpoints import checkpoint_prefix, transformer_folder
from transforms.io import path_kinds

# Of a model of Hugging Face; one that compares sentences may have it in a folder that modules.json
# names.
_HUGGING_FACE = ("config.json", "modules.json")
_GOOGLE = "bert_config.json"
# Of the TensorFlow model garden.
_GARDEN = "params.yaml"
# What an import of a Hugging Face folder may read, in the folder and in those of modules.json.
_READ = (".json", ".txt", ".safetensors")
KINDS = (
    "a TF Hub module has saved_model.pb, a Hugging Face folder config.json, and a Google "
    f"checkpoint {_GOOGLE} or {_GARDEN} with *.ckpt*.index"
)


@dataclasses.dataclass(frozen=True)
class CheckpointSource:
    """A checkpoint that a path means.

    Attributes:
        folder: the folder of its files.
        prefix: of the names of a TensorFlow checkpoint's files; None for a Hugging Face folder.
        config: the configuration of a TensorFlow checkpoint; None for a Hugging Face folder.
    """

    folder: Path
    prefix: Path | None = None
    config: Path | None = None

    def files(self) -> list[Path]:
        """Return all files that an import reads, and maybe others, in the order of their paths."""
        if self.prefix is None:
            folders = {self.folder, *transformer_folder.find_all(self.folder)}
            inside = [path for folder in folders for path in _paths_in(folder)]
            read = [path for path in inside if path.suffix in _READ]
        else:
            beside = (self.config, self.folder / "vocab.txt")
            endings = (f"{self.prefix.name}.index", f"{self.prefix.name}.data-")
            paths = _paths_in(self.folder)
            read = [path for path in paths if path in beside or path.name.startswith(endings)]
        return sorted(path for path in read if path.is_file())


def find_source(path: Path) -> CheckpointSource | None:
    """Return the checkpoint that a path means; None if it is none.

    Args:
        path: a folder, or the prefix of a TensorFlow checkpoint in a folder.

    Raises:
        ValueError: the folder has several checkpoints or none, or one of a format that is not read.
            The message has the path.
        OSError: the folder cannot be read.
    """
    try:
        prefix = checkpoint_prefix.prefix_named_by(path)
        folder = prefix.parent if prefix else path
        config = _google_config(folder)
        if config and (prefix or not _is_hugging_face(folder)):
            return CheckpointSource(folder, prefix or checkpoint_prefix.find_prefix(folder), config)
        if prefix:
            raise ValueError(f"its folder has neither {_GOOGLE} nor {_GARDEN}")
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return CheckpointSource(folder) if _is_hugging_face(folder) else None


def describe(path: Path) -> str:
    """Say why a path is no checkpoint."""
    if not path.is_dir():
        why = path_kinds.describe(str(path))
        return f"{path} is not a folder: {why}{published_names.remedy_for_name(str(path))}"
    return f"{path} is not the folder of a model: {KINDS}"


def _is_hugging_face(folder: Path) -> bool:
    """Return whether a folder is a model of Hugging Face; one with a Google checkpoint is not."""
    if _google_config(folder) and any(path.suffix == ".index" for path in _paths_in(folder)):
        return False
    return any((folder / name).is_file() for name in _HUGGING_FACE)


def _google_config(folder: Path) -> Path | None:
    """Return the configuration of a TensorFlow checkpoint.

    Raises:
        ValueError: there are two, which may differ in what the weights do not show.
    """
    named = [path for path in (folder / _GOOGLE, folder / _GARDEN) if path.is_file()]
    if len(named) > 1:
        raise ValueError(
            f"it has {_GOOGLE} and {_GARDEN}: leave only the one that describes its checkpoint"
        )
    if named:
        return named[0]
    others = [path for path in _paths_in(folder) if path.match(f"*{_GOOGLE}") and path.is_file()]
    return others[0] if len(others) == 1 else None


def _paths_in(folder: Path) -> list[Path]:
    """List a folder; nothing of what is none. Unlike glob, this raises the errors of a disk."""
    return [folder / name for name in os.listdir(folder)] if folder.is_dir() else []
