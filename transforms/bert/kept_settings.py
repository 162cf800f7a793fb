"""The settings of a checkpoint that a SavedModel has no place for.

`import-model` keeps them in a file of the module. Modules of other origin do not have it.
"""

import dataclasses
from pathlib import Path

import msgspec

from transforms.bert.architecture import Architecture
from transforms.bert.sentence_settings import SentenceSettings
from transforms.bert.wordpiece_rules import WordpieceRules

# TensorFlow leaves this folder of a SavedModel to others
# (https://www.tensorflow.org/guide/saved_model).
KEPT_SETTINGS = "assets.extra/beam_bert.json"
_VERSION = 1


@dataclasses.dataclass(frozen=True)
class KeptSettings:
    """The content of the file; None where it does not say.

    Attributes:
        version: of the file's format.
        heads: attention heads of a layer.
        architecture: how the encoder computes.
        rules: how the tokenizer treats texts.
        sentence: how the vector of a sentence is computed; see `sentence_head`.
        no_sentence: why there is none; empty if it is there, or nobody looked for it.
    """

    version: int = _VERSION
    heads: int | None = None
    architecture: Architecture | None = None
    rules: WordpieceRules | None = None
    sentence: SentenceSettings | None = None
    no_sentence: str = ""

    def __post_init__(self) -> None:
        if self.version != _VERSION:
            raise ValueError(f"it has version {self.version}; this program reads {_VERSION}")


def read_kept_settings(module: Path) -> KeptSettings:
    """Read the settings that a module's folder keeps; empty settings if it has no such file.

    Raises:
        ValueError: the file is damaged; the message has the module's path.
        OSError: it cannot be read.
    """
    try:
        content = (module / KEPT_SETTINGS).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return KeptSettings()
    try:
        return msgspec.json.decode(content, type=KeptSettings)
    except ValueError as error:
        raise ValueError(f"`model` {module}: {KEPT_SETTINGS}: {error}") from error


def write_kept_settings(module: Path, settings: KeptSettings) -> None:
    """Write the settings into a module's folder; equal settings have equal bytes."""
    path = module / KEPT_SETTINGS
    path.parent.mkdir(exist_ok=True)
    encoded = msgspec.json.encode(settings, order="sorted")
    path.write_bytes(msgspec.json.format(encoded, indent=1) + b"\n")
