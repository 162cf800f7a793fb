"""What a program needs, besides the weights, to compute a job's vectors without TensorFlow.

The files are in the folder `assets.extra` of a model for serving, which TensorFlow leaves to others
(https://www.tensorflow.org/guide/saved_model).
"""

import dataclasses
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np

from transforms import strict_json
from transforms.bert.architecture import Architecture
from transforms.bert.sentence_head import SENTENCE_WEIGHTS, SentenceHead
from transforms.bert.sentence_settings import SentenceSettings
from transforms.bert.sentence_weights import read_arrays
from transforms.bert.shape import BertShape, variable_shapes
from transforms.bert.vocabulary import Vocabulary
from transforms.bert.weights import Weights
from transforms.bert.wordpiece_rules import WordpieceRules
from transforms.embedding.embed import EmbeddingConfig
from transforms.serving.characters import CharacterTable

_FOLDER = "assets.extra"
SETTINGS = f"{_FOLDER}/beam_bert_query.json"
CHARACTERS = f"{_FOLDER}/characters.npz"
VOCABULARY = f"{_FOLDER}/vocab.txt"
STEPS = SENTENCE_WEIGHTS
DATA = "variables/variables.data-00000-of-00001"
GRAPH = "saved_model.pb"
# The steps are those of the models that have some.
_FILES = (GRAPH, CHARACTERS, VOCABULARY, STEPS, DATA)
VERSION = 1

# A column of texts for each input of the model.
Texts = tuple[Sequence[str], ...]
# Embeds texts; float32 [texts, width].
Embed = Callable[[Texts], np.ndarray]


@dataclasses.dataclass(frozen=True)
class StoredArray:
    """A float32 array in the file of the weights: where its bytes begin, and its shape."""

    offset: int
    shape: tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class StoredEncoder:
    """An encoder that was rebuilt from the variables of a module.

    Attributes:
        shape: its sizes.
        architecture: how it computes.
        arrays: the place of each of its variables, by Google's names.
    """

    shape: BertShape
    architecture: Architecture
    arrays: dict[str, StoredArray]


@dataclasses.dataclass(frozen=True)
class QuerySettings:
    """The content of the file.

    Attributes:
        version: of the file's format.
        model: fingerprint of the module that the job used.
        texts: names of the inputs.
        rules: how the tokenizer treats texts.
        prompt: what is put before each text.
        embedding: what is computed.
        encoder: None if only the module's graph computes the features.
        sentence: how the vector of a sentence is computed; None if the model has none.
        sha256: of each file that is read, by its path.
    """

    version: int
    model: str
    texts: tuple[str, ...]
    rules: WordpieceRules
    prompt: str
    embedding: EmbeddingConfig
    encoder: StoredEncoder | None
    sentence: SentenceSettings | None
    sha256: dict[str, str]

    def __post_init__(self) -> None:
        if self.version != VERSION:
            raise ValueError(f"it has version {self.version}; this program reads {VERSION}")


_DECODER = msgspec.json.Decoder(QuerySettings)


def write_settings(folder: Path, settings: QuerySettings) -> None:
    """Write the settings into the folder of a model."""
    path = folder / SETTINGS
    path.parent.mkdir(exist_ok=True)
    encoded = msgspec.json.encode(settings, order="sorted")
    path.write_bytes(msgspec.json.format(encoded, indent=1) + b"\n")


def read_settings(folder: Path) -> QuerySettings:
    """Read the settings from the folder of a model.

    Raises:
        ValueError: there are none, or they are damaged.
        OSError: they cannot be read.
    """
    path = folder / SETTINGS
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ValueError(
            f"{folder} has no {SETTINGS}: make a folder for serving of the job's folder, with "
            "beam-bert export-serving"
        ) from error
    try:
        return strict_json.decode(content, _DECODER)
    except ValueError as error:
        raise ValueError(f"{path} cannot be read: {error}") from error


class QueryFiles:
    """The files of a model; each is compared with its sha256 when it is read."""

    def __init__(self, folder: Path, settings: QuerySettings) -> None:
        self._folder = folder
        self._settings = settings

    def characters(self) -> CharacterTable:
        """Return the table of characters; raises as `weights` does."""
        content = self._read(CHARACTERS)
        return CharacterTable.from_bytes(content)

    def vocabulary(self) -> Vocabulary:
        """Return the wordpieces; raises as `weights` does."""
        return Vocabulary.from_bytes(self._read(VOCABULARY))

    def head(self, sentence: SentenceSettings, hidden_size: int) -> SentenceHead:
        """Return the steps of `sentence`; raises as `weights` does."""
        shapes = sentence.weight_shapes(hidden_size)
        if not shapes:
            return SentenceHead(sentence, {})
        self._read(STEPS)
        return SentenceHead(sentence, read_arrays(self._folder / STEPS, shapes))

    def weights(self, encoder: StoredEncoder) -> Weights:
        """Return the weights of the encoder.

        Raises:
            ValueError: the file is damaged.
            OSError: it cannot be read.
        """
        stored = {name: place.shape for name, place in encoder.arrays.items()}
        if stored != variable_shapes(encoder.shape):
            raise ValueError(f"{self._folder / SETTINGS}: its arrays are not those of its encoder")
        content = self._read(DATA)
        variables = {name: _array(content, place) for name, place in encoder.arrays.items()}
        return Weights(variables, encoder.architecture, encoder.shape)

    def check(self) -> None:
        """Compare the files with their sha256; raises as `weights` does."""
        for path in _FILES:
            if path in self._settings.sha256 or path != STEPS:
                self._read(path)

    def _read(self, path: str) -> bytes:
        content = (self._folder / path).read_bytes()
        if hashlib.sha256(content).hexdigest() != self._settings.sha256.get(path):
            raise ValueError(
                f"{self._folder / path} is damaged: it is not the file that export-serving wrote"
            )
        return content


def _array(content: bytes, place: StoredArray) -> np.ndarray:
    count = int(np.prod(place.shape, dtype=np.int64))
    array: np.ndarray = np.frombuffer(content, "<f4", count, place.offset).reshape(place.shape)
    return array


def hash_files(folder: Path) -> dict[str, str]:
    """Return the sha256 of each file of a model that these settings refer to."""
    paths = (path for path in _FILES if (folder / path).is_file())
    return {path: hashlib.sha256((folder / path).read_bytes()).hexdigest() for path in paths}


class EmptyTextError(ValueError):
    """A text has no wordpieces.

    Attributes:
        number: of the text, from 0 on.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"text {number} has no wordpieces: a job rejects it")
        self.number = number


def check_not_empty(is_empty: Sequence[bool]) -> None:
    """Raise EmptyTextError for the first text that is empty."""
    if any(is_empty):
        raise EmptyTextError(list(is_empty).index(True))
